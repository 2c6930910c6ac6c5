import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  createSelfSignedCertificate,
  DtlsClient,
  DtlsServer,
  HashAlgorithm,
  SignatureAlgorithm,
} from 'werift';
import { toHex, toUtf8 } from '../../crypto/index.js';
import { Kernel } from '../../kernel/index.js';
import { Network } from '../../network/index.js';
import { Side } from './testbed.js';
import type { DtlsEndpointOptions } from './types.js';

/** werift, an independent implementation, as the other end of an association in memory. */

type Transport = ConstructorParameters<typeof DtlsServer>[0]['transport'];

const colons = (hash: Buffer) => (hash.toString('hex').toUpperCase().match(/../g) ?? []).join(':');

/** Waits until something holds; werift works with promises and real timers. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it does not come to that');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function meet(
  role: 'client' | 'server',
  options: Partial<DtlsEndpointOptions>,
  theirOptions: object = {},
) {
  const signatureHash = { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 };
  const { certPem, keyPem } = await createSelfSignedCertificate(signatureHash);
  const der = Buffer.from(certPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const host = new Network(new Kernel()).addHost({ name: 'a', role: 'WIC', addresses: { core: '10.0.0.1' } });
  const transport = {
    type: 'memory',
    address: { address: '10.0.0.2', family: 'IPv4', port: 2 },
    closed: false,
    onData: (_data: Buffer) => {},
    send: (data: Buffer) => {
      const bytes = Uint8Array.from(data);
      setImmediate(() => ours.endpoint.receive(bytes));
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const ours = new Side(host, role, (bytes) => setImmediate(() => transport.onData(Buffer.from(bytes))), {
    fingerprints: [{ algorithm: 'sha-256', value: colons(createHash('sha256').update(der).digest()) }],
    ...options,
  });
  const settings = {
    cert: certPem,
    key: keyPem,
    signatureHash,
    transport: transport as unknown as Transport,
    srtpProfiles: [1, 7] as never,
    extendedMasterSecret: true,
    certificateRequest: true,
    ...theirOptions,
  };
  const theirs = role === 'client' ? new DtlsServer(settings) : new DtlsClient(settings);
  const received: string[] = [];
  let connected = false;
  theirs.onConnect.subscribe(() => {
    connected = true;
  });
  theirs.onData.subscribe((data) => received.push(data.toString()));
  ours.endpoint.start();
  if (theirs instanceof DtlsClient) await theirs.connect();
  await until(() => ours.connections + ours.failures.length > 0 && (connected || ours.failures.length > 0));
  return { ours, theirs, received };
}

describe.each(['client', 'server'] as const)('our %s and the opposite of werift', (role) => {
  it.each([
    [{}, {}],
    [{ curves: ['x25519'] }, {}],
    [{ curves: ['secp256r1'] }, {}],
    [{ srtpProfiles: ['SRTP_AEAD_AES_128_GCM'] }, {}],
    [{ extendedMasterSecret: false }, { extendedMasterSecret: false }],
  ] as [Partial<DtlsEndpointOptions>, object][])(
    'connect and export the same SRTP keys: %j',
    async (options, more) => {
      const { ours, theirs, received } = await meet(role, options, more);
      expect(ours.failures).toEqual([]);
      const { clientKey, serverKey, clientSalt, serverSalt, srtpProfile, exporter } =
        ours.connection ?? expect.fail();
      expect(theirs.srtp.srtpProfile).toBe(srtpProfile === 'SRTP_AEAD_AES_128_GCM' ? 7 : 1);
      const keys = theirs.extractSessionKeys(clientKey.length, clientSalt.length);
      const [ofClient, ofServer] = role === 'client' ? ['remote', 'local'] : ['local', 'remote'];
      expect(keys).toEqual({
        [`${ofClient}Key`]: Buffer.from(clientKey),
        [`${ofServer}Key`]: Buffer.from(serverKey),
        [`${ofClient}Salt`]: Buffer.from(clientSalt),
        [`${ofServer}Salt`]: Buffer.from(serverSalt),
      });
      expect(theirs.exportKeyingMaterial('EXPERIMENTAL', 50).toString('hex')).toBe(
        toHex(exporter('EXPERIMENTAL', 50)),
      );
      ours.endpoint.sendData(toUtf8('from us'));
      await theirs.send(Buffer.from('from werift'));
      await until(() => received.length > 0 && ours.data.length > 0);
      expect(received).toEqual(['from us']);
      expect(ours.data).toEqual([toUtf8('from werift')]);
      ours.endpoint.close();
    },
  );

  it('do not connect over a wrong fingerprint', async () => {
    const { ours } = await meet(role, { fingerprints: [{ algorithm: 'sha-256', value: 'AB' }] });
    expect(ours.failures).toHaveLength(1);
    expect(ours.connections).toBe(0);
  });
});

import { certificateFingerprint, selfSignedCertificate } from '../../crypto/index.js';
import { Kernel, type KernelOptions } from '../../kernel/index.js';
import { type Host, Network } from '../../network/index.js';
import { DtlsEndpoint } from './endpoint.js';
import type { DtlsConnection, DtlsEndpointOptions, Fingerprint } from './types.js';

export const CLIENT_CERTIFICATE = selfSignedCertificate(new Uint8Array(32).fill(1), 'client');
export const SERVER_CERTIFICATE = selfSignedCertificate(new Uint8Array(32).fill(2), 'server');

/** The fingerprint of a certificate as a session description has it. */
export function fingerprintOf(der: Uint8Array): Fingerprint {
  return { algorithm: 'sha-256', value: certificateFingerprint(der) };
}

/** A datagram on its way, numbered from 0 by sender. */
export interface Sent {
  readonly from: 'client' | 'server';
  readonly index: number;
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

/** When a datagram arrives, in ms after it was sent, as often as it does; none: it is lost. */
export type Fate = (datagram: Sent) => readonly number[];

/** One end, and what its user has heard. */
export class Side {
  readonly endpoint: DtlsEndpoint;
  readonly data: Uint8Array[] = [];
  readonly keyLog: string[] = [];
  readonly failures: string[] = [];
  connection: DtlsConnection | undefined;
  connections = 0;
  connectedAtMs = -1;
  closed = 0;

  constructor(
    host: Host,
    role: 'client' | 'server',
    send: (bytes: Uint8Array) => void,
    options: Partial<DtlsEndpointOptions>,
  ) {
    const client = role === 'client';
    this.endpoint = new DtlsEndpoint(host, {
      id: 'dtls',
      role,
      certificate: client ? CLIENT_CERTIFICATE : SERVER_CERTIFICATE,
      fingerprints: [fingerprintOf((client ? SERVER_CERTIFICATE : CLIENT_CERTIFICATE).der)],
      srtpProfiles: ['SRTP_AES128_CM_HMAC_SHA1_80'],
      send,
      onConnected: (connection) => {
        this.connection = connection;
        this.connections += 1;
        this.connectedAtMs = host.kernel.now / 1000;
      },
      onData: (data) => this.data.push(data),
      onFailure: (reason) => this.failures.push(reason),
      onClosed: () => {
        this.closed += 1;
      },
      onKeyLog: (line) => this.keyLog.push(line),
      ...options,
    });
  }
}

/** A client and a server, 10 ms apart, and what they sent each other. */
export interface DtlsTestbed {
  readonly kernel: Kernel;
  readonly client: Side;
  readonly server: Side;
  readonly sent: Sent[];
}

/** Options of {@link dtlsTestbed}; `both` goes to either end. */
export interface TestbedOptions {
  readonly client?: Partial<DtlsEndpointOptions>;
  readonly server?: Partial<DtlsEndpointOptions>;
  readonly both?: Partial<DtlsEndpointOptions>;
  readonly fate?: Fate;
  readonly kernel?: KernelOptions;
}

export function dtlsTestbed(options: TestbedOptions = {}): DtlsTestbed {
  const kernel = new Kernel(options.kernel);
  const network = new Network(kernel);
  const sent: Sent[] = [];
  const counts = { client: 0, server: 0 };
  const sides: { client?: Side; server?: Side } = {};
  const fate = options.fate ?? (() => [10]);
  const side = (from: 'client' | 'server', ip: string): Side => {
    const host = network.addHost({ name: from, role: 'WIC', addresses: { core: ip } });
    const send = (bytes: Uint8Array): void => {
      const datagram = { from, index: counts[from]++, atMs: kernel.now / 1000, bytes };
      sent.push(datagram);
      const to = from === 'client' ? 'server' : 'client';
      for (const ms of fate(datagram)) {
        kernel.schedule(ms * 1000, to, () => sides[to]?.endpoint.receive(bytes, '10.0.0.1:1'));
      }
    };
    return new Side(host, from, send, { ...options.both, ...options[from] });
  };
  const client = side('client', '10.0.0.1');
  const server = side('server', '10.0.0.2');
  sides.client = client;
  sides.server = server;
  return { kernel, client, server, sent };
}

/** Starts both ends and runs until nothing is left to happen. */
export function connect(bed: DtlsTestbed): DtlsTestbed {
  bed.server.endpoint.start();
  bed.client.endpoint.start();
  settle(bed);
  return bed;
}

/** Runs until nothing is left to happen. */
export function settle({ kernel }: DtlsTestbed): void {
  const outcome = kernel.run();
  if (outcome.failure !== undefined) throw outcome.failure.thrown ?? new Error(outcome.failure.reason);
  if (outcome.status !== 'idle') throw new Error(`the run ends with ${outcome.status}`);
}

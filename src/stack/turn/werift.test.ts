import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import type { Endpoint } from '../../trace/index.js';
import {
  parseStun,
  type StunAttribute,
  StunStreamParser,
  serializeChannelData,
  serializeStun,
} from '../../wire/stun/index.js';
import { turnTestbed, USERS } from './testbed.js';

type Address = readonly [ip: string, port: number];

/** What this test uses of werift's files, which its package does not export. */
interface Message {
  setAttribute(name: string, value: unknown): Message;
  getAttributeValue(name: string): unknown;
  readonly bytes: Buffer;
}

interface Transport {
  readonly type: 'udp' | 'tcp';
  closed: boolean;
  onData: (data: Buffer, from: Address) => void;
  send(data: Buffer, to?: Address): Promise<void>;
  close(): Promise<void>;
}

interface TurnProtocol {
  readonly relayedAddress: Address;
  readonly mappedAddress: Address;
  readonly onData: { subscribe(listener: (data: Buffer, from: Address) => void): void };
  connectionMade(): Promise<void>;
  sendData(data: Buffer, to: Address): Promise<void>;
  getPermission(to: Address): Promise<void>;
  sendStun(message: Message, to: Address): Promise<void>;
  close(): Promise<void>;
}

const require = createRequire(import.meta.url);
const inside = (path: string): unknown => require(`../../../node_modules/werift/lib/${path}`);
const { TurnProtocol } = inside('ice/src/turn/protocol.js') as {
  TurnProtocol: new (
    server: Address,
    username: string,
    password: string,
    lifetime: number,
    transport: Transport,
  ) => TurnProtocol;
};
const stun = inside('ice-server/src/stun/message.js') as {
  parseMessage(data: Buffer): Message | undefined;
  Message: new (method: number, kind: number, transactionId: Buffer) => Message;
};
const frames = inside('ice-server/src/turn/frame.js') as {
  encodeChannelData(channel: number, data: Buffer): Buffer;
  decodeChannelData(data: Buffer): { channelNumber: number; data: Buffer } | undefined;
  padTurnFrame(data: Buffer): Buffer;
};

const transactionId = Buffer.from('0123456789abcdef01234567', 'hex');

describe('the messages of werift', () => {
  const cases: readonly [StunAttribute, string, unknown][] = [
    [{ name: 'CHANNEL-NUMBER', channel: 0x4abc }, 'CHANNEL-NUMBER', 0x4abc],
    [{ name: 'LIFETIME', value: 600 }, 'LIFETIME', 600],
    [{ name: 'XOR-PEER-ADDRESS', ip: '192.0.2.7', port: 999 }, 'XOR-PEER-ADDRESS', ['192.0.2.7', 999]],
    [
      { name: 'XOR-RELAYED-ADDRESS', ip: '2001:db8::7', port: 999 },
      'XOR-RELAYED-ADDRESS',
      ['2001:db8::7', 999],
    ],
    [{ name: 'DATA', bytes: Uint8Array.of(1, 2, 3) }, 'DATA', Buffer.from([1, 2, 3])],
    [{ name: 'REQUESTED-TRANSPORT', protocol: 17 }, 'REQUESTED-TRANSPORT', 0x11000000],
    [{ name: 'REQUESTED-ADDRESS-FAMILY', family: 6 }, 'REQUESTED-ADDRESS-FAMILY', 0x02000000],
    [{ name: 'EVEN-PORT', reserveNext: true }, 'EVEN-PORT', Buffer.from([0x80])],
    [
      { name: 'RESERVATION-TOKEN', token: '0011223344556677' },
      'RESERVATION-TOKEN',
      Buffer.from('0011223344556677', 'hex'),
    ],
    [
      { name: 'ERROR-CODE', code: 437, reason: 'Allocation Mismatch' },
      'ERROR-CODE',
      [437, 'Allocation Mismatch'],
    ],
  ];

  test.each(cases)(
    'have the same bytes as ours with %o, and each reads the other',
    (attribute, name, value) => {
      const ours = serializeStun({ class: 'request', method: 3, transactionId, attributes: [attribute] });
      const theirs = new stun.Message(3, 0, transactionId).setAttribute(name, value).bytes;
      expect(Buffer.from(ours).toString('hex')).toBe(theirs.toString('hex'));
      const read = stun.parseMessage(Buffer.from(ours))?.getAttributeValue(name);
      expect(name === 'XOR-RELAYED-ADDRESS' ? (read as Address)[1] : read).toEqual(
        name === 'XOR-RELAYED-ADDRESS' ? 999 : value,
      );
      const back = parseStun(Uint8Array.from(theirs));
      expect(back.ok && back.value.attributes).toEqual([attribute]);
    },
  );

  test('carry ChannelData alike, padded on a stream', () => {
    for (const text of ['', 'a', 'abcd', 'abcde']) {
      const data = Buffer.from(text);
      expect(Buffer.from(serializeChannelData(0x4001, data))).toEqual(frames.encodeChannelData(0x4001, data));
      const padded = serializeChannelData(0x4001, data, true);
      expect(Buffer.from(padded)).toEqual(frames.padTurnFrame(frames.encodeChannelData(0x4001, data)));
      expect(frames.decodeChannelData(Buffer.from(padded))?.data.toString()).toBe(text);
      expect(new StunStreamParser().push(padded).frames).toEqual([padded]);
    }
  });
});

describe.each(['udp', 'tcp'] as const)("werift's TURN client over %s", (type) => {
  test('allocates at our server, and sends and receives by indication and channel', async () => {
    const bed = turnTestbed();
    const { ue, server, peer, run } = bed;
    const { ip, port } = server.local;
    const transport = adapter(bed, type);
    const client = new TurnProtocol([ip, port], 'alice', USERS.alice, 600, transport);
    const got: string[] = [];
    client.onData.subscribe((data, from) => got.push(`${data.toString()} from ${from[0]}:${from[1]}`));
    /** Lets both sides go on until a promise of theirs is kept. */
    const settle = async <T>(promise: Promise<T>): Promise<T> => {
      let done = false;
      promise.then(
        () => {
          done = true;
        },
        () => {
          done = true;
        },
      );
      for (let i = 0; i < 100 && !done; i++) {
        await new Promise((resume) => setImmediate(resume));
        run(20);
      }
      return promise;
    };
    await settle(client.connectionMade());
    const relayed: Endpoint = { ip: client.relayedAddress[0], port: client.relayedAddress[1] };
    expect(relayed.ip).toBe('198.51.100.1');
    expect(client.mappedAddress[0]).toBe(ue.address('net'));
    expect(server.openAllocations).toBe(1);

    const to: Address = [peer.local.ip, peer.local.port];
    await settle(client.getPermission(to));
    peer.send('by indication', relayed);
    run();
    await settle(client.sendData(Buffer.from('on a channel'), to));
    run();
    peer.send('on a channel too', relayed);
    run();
    expect(peer.got).toEqual([{ text: 'on a channel', from: relayed }]);
    expect(got).toEqual(['by indication from 198.51.100.2:7000', 'on a channel too from 198.51.100.2:7000']);
    const firstBytes = (bed.kernel.trace?.of('packet.sent') ?? [])
      .filter(
        ({ body: { packet } }) => packet.to === 'turn' && packet.from === 'ue' && packet.data.length > 0,
      )
      .map(({ body }) => body.packet.data[0]);
    expect(firstBytes.at(-1)).toBe(0x40);
    await client.close();
  });
});

/** A transport of werift's over our network. */
function adapter({ ue, server }: ReturnType<typeof turnTestbed>, type: 'udp' | 'tcp'): Transport {
  const { local } = server;
  const from: Address = [local.ip, local.port];
  const transport: Transport = {
    type,
    closed: false,
    onData: () => {},
    send: async () => {},
    close: async () => {
      transport.closed = true;
    },
  };
  if (type === 'udp') {
    const socket = ue.udp('net', undefined, (data) => transport.onData(Buffer.from(data), from));
    transport.send = async (data) => socket.send(Uint8Array.from(data), local);
  } else {
    const connection = ue.connect('net', local);
    connection.onData = (data) => transport.onData(Buffer.from(data), from);
    transport.send = async (data) => connection.write(Uint8Array.from(data));
  }
  return transport;
}

import { describe, expect, it } from 'vitest';
import { Kernel } from '../../kernel/index.js';
import { type Host, Network } from '../../network/index.js';
import { parseStun, type StunMessage, serializeStun, shortTermKey } from '../../wire/stun/index.js';
import {
  answerCheck,
  type BindingResult,
  BindingTransaction,
  type BindingTransactionOptions,
  makeCheck,
  startCheck,
} from './index.js';

const TID = new Uint8Array(12).fill(3);
const KEY = shortTermKey('a password of the peer');

function host(): Host {
  const network = new Network(new Kernel({ trace: true }));
  return network.addHost({ name: 'a', role: 'WIC', addresses: { access: '10.0.0.1' } });
}

/** A transaction, the times at which it sent, and its end. */
function begin(
  at: Host,
  more: Partial<BindingTransactionOptions> = {},
): { transaction: BindingTransaction; sentMs: number[]; ends: BindingResult[] } {
  const sentMs: number[] = [];
  const ends: BindingResult[] = [];
  const transaction = new BindingTransaction(at, 'check/1', {
    request: new Uint8Array(20),
    transactionId: TID,
    key: KEY,
    transmit: () => sentMs.push(at.kernel.now / 1000),
    end: (result) => ends.push(result),
    ...more,
  });
  return { transaction, sentMs, ends };
}

function answer(kind: 'success' | 'error', key: Uint8Array | undefined): [Uint8Array, StunMessage] {
  const bytes = serializeStun(
    {
      class: kind,
      method: 1,
      transactionId: TID,
      attributes: [
        kind === 'success'
          ? { name: 'XOR-MAPPED-ADDRESS', ip: '192.0.2.1', port: 9 }
          : { name: 'ERROR-CODE', code: 487, reason: 'Role Conflict' },
      ],
    },
    key === undefined ? {} : { integrityKey: key },
  );
  const read = parseStun(bytes);
  if (!read.ok) throw new Error(read.error.what);
  return [bytes, read.value];
}

describe('a Binding transaction', () => {
  it('over UDP asks seven times in 31.5 s and fails after 39.5 s (RFC 8489 6.2.1)', () => {
    const at = host();
    const { sentMs, ends } = begin(at);
    expect(at.kernel.run().at).toBe(39_500_000);
    expect(sentMs).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(ends).toEqual([{ kind: 'failure', reason: 'no answer' }]);
  });

  it('with a longer RTO asks as often, more slowly (RFC 8445 14.3)', () => {
    const at = host();
    const { sentMs } = begin(at, { rtoMs: 800 });
    at.kernel.run();
    expect(sentMs).toEqual([0, 800, 2400, 5600, 12_000, 24_800, 50_400]);
  });

  it('over TCP asks once and waits Ti = 39.5 s (RFC 8489 6.2.2)', () => {
    const at = host();
    const { sentMs, ends } = begin(at, { reliable: true });
    expect(at.kernel.run().at).toBe(39_500_000);
    expect(sentMs).toEqual([0]);
    expect(ends).toHaveLength(1);
  });

  it('takes answers of good integrity only, and says so if there were others (RFC 8489 9.1.4)', () => {
    const at = host();
    const udp = begin(at);
    for (const key of [undefined, shortTermKey('wrong')]) {
      expect(udp.transaction.receive(...answer('success', key))).toBeDefined();
      expect(udp.transaction.receive(...answer('error', key))).toBeDefined();
    }
    expect(udp.ends).toEqual([]);
    const tcp = begin(at, { reliable: true });
    tcp.transaction.receive(...answer('success', undefined));
    expect(tcp.ends).toEqual([{ kind: 'failure', reason: 'the integrity of the answer was bad' }]);
    at.kernel.run();
    expect(udp.ends).toEqual([{ kind: 'failure', reason: 'the integrity of every answer was bad' }]);
  });

  it('ends with the first good answer and leaves no timer', () => {
    const at = host();
    const good = begin(at);
    expect(good.transaction.receive(...answer('success', KEY))).toBeUndefined();
    expect(good.ends).toMatchObject([{ kind: 'success', mapped: { ip: '192.0.2.1', port: 9 } }]);
    const bad = begin(at);
    bad.transaction.receive(...answer('error', KEY));
    expect(bad.ends).toEqual([{ kind: 'error', code: 487 }]);
    expect(at.kernel.pending).toBe(0);
  });

  it('that is cancelled asks no more, takes an answer in time and does not fail (RFC 8445 7.3.1.4)', () => {
    const at = host();
    const answered = begin(at);
    const silent = begin(at);
    at.kernel.run({ untilUs: 600_000 });
    answered.transaction.cancel();
    silent.transaction.cancel();
    at.kernel.run({ untilUs: 30_000_000 });
    answered.transaction.receive(...answer('success', KEY));
    // the second request began at 500 ms: 39.5 s in all, and what had passed since
    expect(at.kernel.run().at).toBe(39_600_000);
    expect([answered.sentMs, silent.sentMs]).toEqual([
      [0, 500],
      [0, 500],
    ]);
    expect(answered.ends).toHaveLength(1);
    expect(silent.ends).toEqual([]);
  });

  it('that is stopped says and sends nothing', () => {
    const at = host();
    const { transaction, sentMs, ends } = begin(at);
    transaction.stop();
    transaction.receive(...answer('success', KEY));
    at.kernel.run();
    expect([sentMs, ends, at.kernel.pending]).toEqual([[0], [], 0]);
  });
});

describe('a check by itself', () => {
  const local = { ufrag: 'here', pwd: 'a password of this side' };
  const options = {
    localUfrag: 'there',
    remoteUfrag: local.ufrag,
    remotePwd: local.pwd,
    priority: 1,
    role: 'controlling',
    tieBreaker: '0000000000000001',
    nominate: true,
  } as const;

  it('is answered, and ends with the answer', () => {
    const at = host();
    const mapped: string[] = [];
    const check = startCheck(at, 'check', {
      ...options,
      send: (bytes) => {
        const outcome = answerCheck(bytes, { ip: '192.0.2.1', port: 7 }, local);
        expect(outcome).toMatchObject({ valid: true, nominated: true });
        const { response } = outcome;
        at.schedule(1000, () => {
          if (response !== undefined) expect(check.receive(response)).toBe(true);
        });
      },
      onSuccess: ({ ip, port }) => mapped.push(`${ip}:${port}`),
      onFailure: () => mapped.push('failed'),
    });
    at.kernel.run();
    expect(mapped).toEqual(['192.0.2.1:7']);
  });

  it('that is stopped leaves nothing', () => {
    const at = host();
    let sent = 0;
    const check = startCheck(at, 'check', {
      ...options,
      send: () => sent++,
      onSuccess: () => {},
      onFailure: () => sent++,
    });
    check.stop();
    at.kernel.run();
    expect([sent, at.kernel.pending]).toEqual([1, 0]);
  });

  it('carries what an agent says of itself, signed with the password of the peer (RFC 8445 7.1, 7.2.2)', () => {
    const read = parseStun(makeCheck(options, TID, shortTermKey(local.pwd)));
    expect(read.ok && read.value.attributes.map(({ name }) => name)).toEqual([
      'USERNAME',
      'PRIORITY',
      'ICE-CONTROLLING',
      'USE-CANDIDATE',
      'MESSAGE-INTEGRITY',
      'FINGERPRINT',
    ]);
  });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Tape } from '../../kernel/index.js';
import { NOTHING, Rig, type RigOptions, unexpected, wire } from './fixtures/rig.js';
import {
  type AcceptSubscriptionOptions,
  acceptSubscription,
  type Notifier,
  type Subscriber,
  subscribe,
} from './index.js';

const body = (text: string) => ({ type: 'text/plain', body: new TextEncoder().encode(text) });

interface Pair {
  readonly rig: Rig;
  readonly subscriber: Subscriber;
  notifier: Notifier | undefined;
}

function pair(
  expiresS: number | undefined,
  options: Partial<AcceptSubscriptionOptions> & { rig?: RigOptions; onEnd?: () => void } = {},
): Pair {
  const rig = new Rig(options.rig);
  const made: { notifier?: Notifier } = {};
  rig.bob.on.request = (transaction) => {
    made.notifier = acceptSubscription(rig.bob.ua, transaction, {
      fullState: (version) => body(`v${version}`),
      ...options,
      on: {
        refreshed: (_request, seconds) => rig.say(`bob refreshed ${seconds}`),
        ended: (reason) => rig.say(`bob ended ${reason}`),
      },
    });
  };
  const headers: [string, string][] = [['Event', 'reg']];
  if (expiresS !== undefined) headers.push(['Expires', String(expiresS)]);
  const addresses = { from: 'sip:alice@alice.test', to: 'sip:bob@bob.test' };
  const request = rig.alice.ua.createRequest('SUBSCRIBE', 'sip:bob@bob.test', addresses, { headers });
  const subscriber = subscribe(rig.alice.ua, {
    request,
    hop: rig.hop,
    on: {
      notify: (notify, state) =>
        rig.say(`alice ${state.state} ${new TextDecoder().decode(notify.body)}`.trim()),
      accepted: (_response, seconds) => rig.say(`alice accepted ${seconds}`),
      ended: (end) => {
        rig.say(`alice ended ${end.by} ${end.reason ?? end.status ?? ''}`.trim());
        options.onEnd?.();
      },
    },
  });
  return {
    rig,
    subscriber,
    get notifier() {
      return made.notifier;
    },
  };
}

for (const proxy of [false, true]) {
  test(`a subscription is notified at once, refreshed at half its time, and unsubscribed, ${proxy ? 'through a proxy' : 'direct'}`, () => {
    const p = pair(1000, { rig: { proxy } });
    p.rig.after(100, () => p.notifier?.notify(() => body('change')));
    // One refresh at 500 s; unsubscribed at 900 s.
    p.rig.after(900_000, () => p.subscriber.unsubscribe());
    p.rig.run();
    expect(p.rig.log).toEqual([
      'alice accepted 1000',
      'alice active v0',
      'alice active change',
      'bob refreshed 1000',
      'alice accepted 1000',
      'alice active v2',
      'alice terminated v3',
      'alice ended notified timeout',
      'bob ended timeout',
    ]);
    expect(p.subscriber.state).toBe('terminated');
    expect(p.rig.left).toEqual(NOTHING);
  });
}

test('the NOTIFY goes the way of the Record-Route, and so do refreshes', () => {
  const p = pair(1000, { rig: { proxy: true, trace: true } });
  p.rig.after(600_000, () => p.subscriber.unsubscribe());
  p.rig.run();
  expect(wire(p.rig).filter((line) => /^(alice>bob|bob>alice)/.test(line))).toEqual([]);
  expect(p.subscriber.dialog?.data.routeSet).toEqual(['<sip:proxy.test;lr>']);
  expect(p.rig.left).toEqual(NOTHING);
});

test('a long subscription is refreshed 600 s before its end', () => {
  const p = pair(600_000, { longestS: 600_000 });
  p.rig.kernel.run({ untilUs: 599_399_000_000 });
  expect(p.rig.log).toEqual(['alice accepted 600000', 'alice active v0']);
  p.rig.kernel.run({ untilUs: 599_401_000_000 });
  expect(p.rig.log).toContain('bob refreshed 600000');
});

test('a subscription that is not refreshed ends at both sides when it expires', () => {
  let endedAt = 0;
  const p = pair(100, {
    onEnd: () => {
      endedAt = p.rig.kernel.now;
    },
  });
  p.rig.after(1000, () => p.rig.network.partition('alice', 'bob'));
  p.rig.run();
  expect(p.rig.log).toEqual([
    'alice accepted 100',
    'alice active v0',
    'alice ended timeout',
    'bob ended timeout',
  ]);
  // A refresh 50 s after the 200, which took 4 ms, and timer N of 32 s.
  expect(endedAt).toBe(82_004_000);
  expect(p.rig.left).toEqual(NOTHING);
});

test('timer N ends a subscription for which no NOTIFY comes', () => {
  const drops: Tape = Array.from({ length: 20 }, (_, index) => ({
    point: 'bob>alice',
    index: index + 1,
    choice: 'drop',
  }));
  const p = pair(1000, { rig: { tape: drops } });
  p.rig.run();
  expect(p.rig.log).toEqual(['alice accepted 1000', 'alice ended timeout', 'bob ended 408']);
  expect(p.rig.left).toEqual(NOTHING);
});

test('a refused SUBSCRIBE ends at once', () => {
  const rig = new Rig();
  rig.bob.on.request = (transaction) => rig.bob.ua.respond(transaction, 403);
  const request = rig.alice.ua.createRequest(
    'SUBSCRIBE',
    'sip:bob@bob.test',
    { from: 'sip:alice@alice.test', to: 'sip:bob@bob.test' },
    { headers: [['Event', 'reg']] },
  );
  const ended: unknown[] = [];
  subscribe(rig.alice.ua, {
    request,
    hop: rig.hop,
    on: { ended: ({ by, status }) => ended.push(by, status) },
  });
  rig.run();
  expect(ended).toEqual(['refused', 403]);
  expect(rig.left).toEqual(NOTHING);
});

test('Expires 0 fetches the state once', () => {
  const p = pair(0);
  p.rig.run();
  expect(p.rig.log.toSorted()).toEqual(
    [
      'alice accepted 0',
      'alice terminated v0',
      'alice ended notified timeout',
      'bob ended timeout',
    ].toSorted(),
  );
  expect(p.rig.left).toEqual(NOTHING);
});

test('the notifier shortens the time, ends the subscription with a reason, and a pending one can be granted', () => {
  const p = pair(10_000, { longestS: 2000, state: 'pending' });
  p.rig.after(100, () => p.notifier?.grant());
  p.rig.after(200, () => p.notifier?.terminate('deactivated', { retryAfterS: 5, content: () => undefined }));
  p.rig.run();
  expect(p.rig.log).toEqual([
    'alice accepted 2000',
    'alice pending v0',
    'alice active v1',
    'alice terminated',
    'alice ended notified deactivated',
    'bob ended deactivated',
  ]);
  expect(p.rig.left).toEqual(NOTHING);
});

test('notifications are sent one after the other and none is lost', () => {
  const p = pair(1000);
  p.rig.after(100, () => {
    for (const text of ['a', 'b', 'c']) p.notifier?.notify(() => body(text));
    p.notifier?.terminate('noresource', { content: () => body('end') });
  });
  p.rig.run();
  expect(p.rig.log.filter((line) => line.startsWith('alice active'))).toEqual([
    'alice active v0',
    'alice active a',
  ]);
  expect(p.rig.log).toContain('alice terminated end');
  const q = pair(1000);
  q.rig.after(100, () => {
    for (const text of ['a', 'b', 'c']) q.notifier?.notify((version) => body(`${text}${version}`));
  });
  q.rig.after(1000, () => q.subscriber.unsubscribe());
  q.rig.run();
  expect(q.rig.log.filter((line) => line.startsWith('alice active'))).toEqual([
    'alice active v0',
    'alice active a1',
    'alice active b2',
    'alice active c3',
  ]);
  expect(q.rig.left).toEqual(NOTHING);
});

test('a NOTIFY that belongs to nothing gets 481 and ends its subscription', () => {
  const p = pair(1000);
  p.rig.after(100, () => {
    const { dialog } = p.subscriber;
    if (dialog !== undefined) p.rig.alice.ua.unregister(dialog.id);
    p.notifier?.notify();
  });
  p.rig.kernel.run({ untilUs: 1_000_000 });
  expect(p.rig.log.at(-1)).toBe('bob ended 481');
});

test('a refresh that fails for the moment keeps the subscription until it expires', () => {
  let endedAt = 0;
  const p = pair(1000, { onEnd: () => (endedAt = p.rig.kernel.now) });
  p.rig.after(1000, () => {
    if (p.notifier !== undefined)
      p.notifier.onRequest = (transaction) => p.rig.bob.ua.respond(transaction, 503);
  });
  p.rig.run();
  expect(p.rig.log.filter((line) => line.startsWith('alice'))).toEqual([
    'alice accepted 1000',
    'alice active v0',
    'alice ended timeout',
  ]);
  // 1000 s after the 200, which took 4 ms.
  expect(endedAt).toBe(1_000_004_000);
  expect(p.rig.left).toEqual(NOTHING);
});

test('a SUBSCRIBE that is too brief gets 423, another event 489, another method 405', () => {
  const p = pair(1000, { shortestS: 600 });
  const statuses: string[] = [];
  p.rig.after(100, () => {
    const { dialog } = p.subscriber;
    const send = (method: string, headers: [string, string][]): void => {
      const request = dialog?.createRequest(method);
      if (request === undefined) return;
      for (const [name, value] of headers) request.headers.append(name, value);
      p.rig.alice.ua.send(request, p.rig.hop, {
        done: (status, response) =>
          statuses.push(`${status} ${response?.headers.get('min-expires') ?? ''}`.trim()),
      });
    };
    send('SUBSCRIBE', [
      ['Event', 'reg'],
      ['Expires', '599'],
    ]);
    send('SUBSCRIBE', [['Event', 'presence']]);
    send('INFO', []);
  });
  p.rig.after(1000, () => p.subscriber.unsubscribe());
  p.rig.run();
  expect(statuses).toEqual(['423 600', '489', '405']);
  expect(p.rig.left).toEqual(NOTHING);
});

test('with up to three faults a subscription lives, ends, and leaves nothing', () => {
  const faults = fc.array(
    fc.record({
      point: fc.constantFrom('alice>bob', 'bob>alice'),
      index: fc.nat(12),
      choice: fc.constantFrom('drop', 'duplicate', 'delay', 'reorder'),
    }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(faults, (tape) => {
      const p = pair(1000, { rig: { tape, trace: true } });
      p.rig.after(700, () => p.notifier?.notify(() => body('change')));
      p.rig.after(900_000, () => p.subscriber.unsubscribe());
      p.rig.run();
      const told = p.rig.log.join('; ');
      expect(p.rig.left, told).toEqual(NOTHING);
      expect(
        p.rig.log.filter((line) => line.startsWith('alice ended')),
        told,
      ).toEqual(['alice ended notified timeout']);
      expect(
        p.rig.log.filter((line) => line.startsWith('bob ended')),
        told,
      ).toEqual(['bob ended timeout']);
      expect(
        p.rig.log.filter((line) => line === 'alice active change'),
        told,
      ).toHaveLength(1);
      expect(unexpected(p.rig).filter((line) => /^(subscriber|notifier) /.test(line))).toEqual([]);
    }),
    { numRuns: 200, seed: 24371 },
  );
});

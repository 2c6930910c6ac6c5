import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import { Kernel, spawn } from '../../kernel/index.js';
import { inviteClientTransaction } from './invite-client-transaction.js';
import { inviteServerTransaction } from './invite-server-transaction.js';
import { nonInviteClientTransaction } from './non-invite-client-transaction.js';
import { nonInviteServerTransaction } from './non-invite-server-transaction.js';
import { ACCESS_TIMERS, CORE_TIMERS, type SipTimers } from './timers.js';

interface Case {
  /** Events given to the machine, by virtual time in milliseconds. */
  readonly given: readonly (readonly [atMs: number, type: string])[];
  /** What it does, `time action`. */
  readonly does: readonly string[];
  /** The states it goes through, `time state`. */
  readonly states: readonly string[];
  readonly reliable?: boolean;
  readonly timers?: SipTimers;
  /** Events that no state handled. */
  readonly unexpected?: readonly string[];
}

/** Runs one machine with a port that writes down what it is asked, until nothing is left to do. */
function walk(machine: AnyStateMachine, { given, reliable = false, timers = CORE_TIMERS }: Case) {
  const kernel = new Kernel({ trace: true });
  const ms = (): number => kernel.now / 1000;
  const does: string[] = [];
  const port = new Proxy({}, { get: (_, name) => () => does.push(`${ms()} ${String(name)}`) });
  const states: string[] = [];
  let last: unknown;
  const enter = (value: unknown): void => {
    if (value !== last) states.push(`${ms()} ${String(value)}`);
    last = value;
  };
  let done = 0;
  kernel.schedule(0, 'host', () => {
    const actor = spawn(kernel, 'host', machine, {
      id: 'a',
      input: { ...timers, reliable },
      port,
      onDone: () => done++,
    });
    enter(actor.getSnapshot().value);
    actor.subscribe(({ value }: { value: unknown }) => enter(value));
    for (const [at, type] of given) {
      const event = { type, response: {}, ack: {}, reason: 'why' };
      if (at === 0) actor.send(event);
      else kernel.schedule(at * 1000, 'host', () => actor.send(event));
    }
  });
  const outcome = kernel.run();
  const unexpected = kernel.trace?.of('unexpected').map(({ body }) => `${body.state} ${body.event}`);
  expect(outcome.failure).toBeUndefined();
  expect({ status: outcome.status, pending: kernel.pending, done }).toEqual({
    status: 'idle',
    pending: 0,
    done: 1,
  });
  return { does, states, unexpected };
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)];
}

function transitionsOf(machine: AnyStateMachine): AnyTransitionDefinition[] {
  return nodesOf(machine.root).flatMap((node) => [...node.transitions.values()].flat());
}

const label = ({ source, eventType, guard, target }: AnyTransitionDefinition): string => {
  const name = typeof guard === 'string' ? ` [${guard}]` : '';
  return `${source.key} ${eventType}${name} -> ${target?.map(({ key }) => key).join() ?? ''}`;
};

/** Walks the cases, and checks at the end that no transition of the machine was left out. */
function figure(title: string, machine: AnyStateMachine, cases: Readonly<Record<string, Case>>): void {
  describe(title, () => {
    const taken = new Set<AnyTransitionDefinition>();
    beforeAll(() => {
      const enabled = machine.getTransitionData.bind(machine);
      vi.spyOn(machine, 'getTransitionData').mockImplementation((...args) => {
        const transitions = enabled(...args);
        for (const transition of transitions) taken.add(transition);
        return transitions;
      });
    });
    afterAll(() => {
      vi.restoreAllMocks();
    });

    it.each(Object.entries(cases))('%s', (_, one) => {
      const { does, states, unexpected } = walk(machine, one);
      expect(does).toEqual(one.does);
      expect(states).toEqual(one.states);
      expect(unexpected).toEqual(one.unexpected ?? []);
    });

    it('has no transition that these walks do not take', () => {
      const missed = transitionsOf(machine).filter((transition) => !taken.has(transition));
      expect(missed.map(label)).toEqual([]);
    });
  });
}

/** Timer A doubles from T1 = 500 ms without bound until timer B at 64*T1 = 32000 ms (RFC 3261 17.1.1.2). */
const seven = [0, 500, 1500, 3500, 7500, 15_500, 31_500];

figure('the INVITE client transaction (RFC 6026 figure 5)', inviteClientTransaction, {
  'sends over UDP seven times and times out at 64*T1': {
    given: [],
    does: [...seven.map((at) => `${at} sendRequest`), '32000 informTimeout'],
    states: ['0 calling', '32000 terminated'],
  },
  'sends over a reliable transport once and times out at 64*T1': {
    given: [],
    reliable: true,
    does: ['0 sendRequest', '32000 informTimeout'],
    states: ['0 calling', '32000 terminated'],
  },
  'takes the timers of the access: T1 is 2 s': {
    given: [],
    timers: ACCESS_TIMERS,
    does: [...seven.map((at) => `${4 * at} sendRequest`), '128000 informTimeout'],
    states: ['0 calling', '128000 terminated'],
  },
  'stops timers A and B with a provisional response, then waits for ever; 2xx are passed up for 64*T1': {
    given: [
      [600, '1xx'],
      [700, '1xx'],
      [100_000, '2xx'],
      [100_001, '1xx'],
      [101_000, '2xx'],
      [101_001, 'transportError'],
    ],
    does: [
      ...['0 sendRequest', '500 sendRequest', '600 passUp', '700 passUp', '100000 passUp', '101000 passUp'],
    ],
    states: ['0 calling', '600 proceeding', '100000 accepted', '132000 terminated'],
  },
  'goes from calling to accepted, over a reliable transport too for 64*T1': {
    given: [[10, '2xx']],
    reliable: true,
    does: ['0 sendRequest', '10 passUp'],
    states: ['0 calling', '10 accepted', '32010 terminated'],
  },
  'acknowledges a refusal and its repetitions for 32 s, and passes it up once': {
    given: [
      [10, '300-699'],
      [510, '300-699'],
      [511, '1xx'],
      [1510, '300-699'],
    ],
    does: ['0 sendRequest', '10 sendAck', '10 passUp', '510 sendAck', '1510 sendAck'],
    states: ['0 calling', '10 completed', '32010 terminated'],
  },
  'acknowledges a refusal after a provisional response': {
    given: [
      [10, '1xx'],
      [20, '300-699'],
    ],
    timers: ACCESS_TIMERS,
    does: ['0 sendRequest', '10 passUp', '20 sendAck', '20 passUp'],
    // Timer D is 64*T1 = 128 s where that is more than 32 s.
    states: ['0 calling', '10 proceeding', '20 completed', '128020 terminated'],
  },
  'waits 32 s for repeated refusals even where T1 is short': {
    given: [[10, '300-699']],
    timers: { t1Ms: 100, t2Ms: 400, t4Ms: 500 },
    does: ['0 sendRequest', '10 sendAck', '10 passUp'],
    states: ['0 calling', '10 completed', '32010 terminated'],
  },
  'ends with a refusal over a reliable transport, since timer D is zero': {
    given: [[10, '300-699']],
    reliable: true,
    does: ['0 sendRequest', '10 sendAck', '10 passUp'],
    states: ['0 calling', '10 terminated'],
  },
  'ends with a refusal in proceeding over a reliable transport': {
    given: [
      [10, '1xx'],
      [20, '300-699'],
    ],
    reliable: true,
    does: ['0 sendRequest', '10 passUp', '20 sendAck', '20 passUp'],
    states: ['0 calling', '10 proceeding', '20 terminated'],
  },
  'ends when the transport fails in calling': {
    given: [[10, 'transportError']],
    does: ['0 sendRequest', '10 informTransportError'],
    states: ['0 calling', '10 terminated'],
  },
  'ends when the flow goes away in proceeding': {
    given: [
      [10, '1xx'],
      [20, 'transportError'],
    ],
    does: ['0 sendRequest', '10 passUp', '20 informTransportError'],
    states: ['0 calling', '10 proceeding', '20 terminated'],
  },
  'ends when the ACK cannot be sent': {
    given: [
      [10, '300-699'],
      [11, 'transportError'],
    ],
    does: ['0 sendRequest', '10 sendAck', '10 passUp', '11 informTransportError'],
    states: ['0 calling', '10 completed', '11 terminated'],
  },
  'gives up 64*T1 after CANCEL (RFC 3261 9.1)': {
    given: [
      [10, '1xx'],
      [1000, 'cancel'],
    ],
    does: ['0 sendRequest', '10 passUp', '1000 sendCancel', '33000 informTimeout'],
    states: ['0 calling', '10 proceeding', '33000 terminated'],
  },
  'gives the CANCEL timer up with a final response': {
    given: [
      [10, '1xx'],
      [1000, 'cancel'],
      [2000, '300-699'],
    ],
    does: ['0 sendRequest', '10 passUp', '1000 sendCancel', '2000 sendAck', '2000 passUp'],
    states: ['0 calling', '10 proceeding', '2000 completed', '34000 terminated'],
  },
  'takes a 2xx after a refusal for a mistake': {
    given: [
      [10, '300-699'],
      [20, '2xx'],
    ],
    does: ['0 sendRequest', '10 sendAck', '10 passUp'],
    states: ['0 calling', '10 completed', '32010 terminated'],
    unexpected: ['completed 2xx'],
  },
});

figure('the non-INVITE client transaction (RFC 3261 figure 6)', nonInviteClientTransaction, {
  // Timer E doubles up to T2 = 4 s.
  'sends over UDP eleven times and times out at 64*T1': {
    given: [],
    does: [
      ...[0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500].map(
        (at) => `${at} sendRequest`,
      ),
      '32000 informTimeout',
    ],
    states: ['0 trying', '32000 terminated'],
  },
  'repeats every T2 once a provisional response is there, timer F running on': {
    given: [
      [600, '1xx'],
      [700, '1xx'],
    ],
    does: [
      ...['0 sendRequest', '500 sendRequest', '600 passUp', '700 passUp'],
      ...[1500, 5500, 9500, 13_500, 17_500, 21_500, 25_500, 29_500].map((at) => `${at} sendRequest`),
      '32000 informTimeout',
    ],
    states: ['0 trying', '600 proceeding', '32000 terminated'],
  },
  'sends over a reliable transport once and times out at 64*T1': {
    given: [],
    reliable: true,
    does: ['0 sendRequest', '32000 informTimeout'],
    states: ['0 trying', '32000 terminated'],
  },
  'absorbs repeated responses for T4': {
    given: [
      [10, '200-699'],
      [20, '200-699'],
      [30, '1xx'],
      [40, 'transportError'],
    ],
    does: ['0 sendRequest', '10 passUp'],
    states: ['0 trying', '10 completed', '5010 terminated'],
  },
  'absorbs repeated responses for T4 after a provisional response': {
    given: [
      [10, '1xx'],
      [20, '200-699'],
    ],
    timers: ACCESS_TIMERS,
    does: ['0 sendRequest', '10 passUp', '20 passUp'],
    states: ['0 trying', '10 proceeding', '20 completed', '17020 terminated'],
  },
  'ends with the final response over a reliable transport, since timer K is zero': {
    given: [[10, '200-699']],
    reliable: true,
    does: ['0 sendRequest', '10 passUp'],
    states: ['0 trying', '10 terminated'],
  },
  'ends with the final response in proceeding over a reliable transport': {
    given: [
      [10, '1xx'],
      [20, '200-699'],
    ],
    reliable: true,
    does: ['0 sendRequest', '10 passUp', '20 passUp'],
    states: ['0 trying', '10 proceeding', '20 terminated'],
  },
  'ends when the transport fails in trying': {
    given: [[10, 'transportError']],
    does: ['0 sendRequest', '10 informTransportError'],
    states: ['0 trying', '10 terminated'],
  },
  'ends when the transport fails in proceeding': {
    given: [
      [10, '1xx'],
      [20, 'transportError'],
    ],
    does: ['0 sendRequest', '10 passUp', '20 informTransportError'],
    states: ['0 trying', '10 proceeding', '20 terminated'],
  },
});

/** Timer G doubles from T1 up to T2 until timer H at 64*T1 (RFC 3261 17.2.1). */
const resent = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];

figure('the INVITE server transaction (RFC 6026 figure 7)', inviteServerTransaction, {
  'sends 100 after 200 ms, and a refusal until timer H without an ACK': {
    given: [[1000, '300-699']],
    does: [
      ...['200 sendTrying', '1000 sendResponse'],
      ...resent.map((at) => `${1000 + at} resendResponse`),
      '33000 informNoAck',
    ],
    states: ['0 proceeding', '1000 completed', '33000 terminated'],
  },
  'sends a refusal over a reliable transport once, and waits for the ACK until timer H': {
    given: [[100, '300-699']],
    reliable: true,
    does: ['100 sendResponse', '32100 informNoAck'],
    states: ['0 proceeding', '100 completed', '32100 terminated'],
  },
  'sends no 100 of its own after a provisional response, and repeats that for a repeated INVITE': {
    given: [
      [50, '1xx'],
      [300, 'INVITE'],
      [400, '1xx'],
      [500, '300-699'],
      [600, 'INVITE'],
      [700, 'ACK'],
      [800, 'ACK'],
      [900, 'INVITE'],
    ],
    does: [
      ...[
        '50 sendResponse',
        '300 resendResponse',
        '400 sendResponse',
        '500 sendResponse',
        '600 resendResponse',
      ],
    ],
    // Timer I is T4 = 5 s.
    states: ['0 proceeding', '500 completed', '700 confirmed', '5700 terminated'],
  },
  'ends with the ACK over a reliable transport, since timer I is zero': {
    given: [
      [10, '300-699'],
      [20, 'ACK'],
    ],
    reliable: true,
    does: ['10 sendResponse'],
    states: ['0 proceeding', '10 completed', '20 terminated'],
  },
  'absorbs repeated INVITEs after a 2xx for 64*T1, sends the user’s repeated 2xx, passes ACKs up': {
    given: [
      [10, '2xx'],
      [510, 'INVITE'],
      [520, '2xx'],
      [530, 'ACK'],
      [540, 'transportError'],
    ],
    does: ['10 sendResponse', '520 sendResponse', '530 passAck', '540 informTransportError'],
    states: ['0 proceeding', '10 accepted', '32010 terminated'],
  },
  'tells of a response that cannot be sent and stays (RFC 6026 7.1)': {
    given: [
      [10, '1xx'],
      [11, 'transportError'],
      [20, '300-699'],
      [21, 'transportError'],
      [22, 'ACK'],
    ],
    does: ['10 sendResponse', '11 informTransportError', '20 sendResponse', '21 informTransportError'],
    states: ['0 proceeding', '20 completed', '22 confirmed', '5022 terminated'],
  },
});

figure('the non-INVITE server transaction (RFC 3261 figure 8)', nonInviteServerTransaction, {
  'absorbs the repeated request, answers it once there is a response, for 64*T1': {
    given: [
      [10, 'request'],
      [20, '200-699'],
      [500, 'request'],
      [32_019, 'request'],
    ],
    does: ['20 sendResponse', '500 resendResponse', '32019 resendResponse'],
    states: ['0 trying', '20 completed', '32020 terminated'],
  },
  'repeats a provisional response': {
    given: [
      [10, '1xx'],
      [20, 'request'],
      [30, '1xx'],
      [40, '200-699'],
    ],
    does: ['10 sendResponse', '20 resendResponse', '30 sendResponse', '40 sendResponse'],
    states: ['0 trying', '10 proceeding', '40 completed', '32040 terminated'],
  },
  'ends with the final response over a reliable transport, since timer J is zero': {
    given: [[10, '200-699']],
    reliable: true,
    does: ['10 sendResponse'],
    states: ['0 trying', '10 terminated'],
  },
  'ends with the final response in proceeding over a reliable transport': {
    given: [
      [10, '1xx'],
      [20, '200-699'],
    ],
    reliable: true,
    does: ['10 sendResponse', '20 sendResponse'],
    states: ['0 trying', '10 proceeding', '20 terminated'],
  },
  'tells of a response that cannot be sent and stays (RFC 6026 8.8)': {
    given: [
      [10, '1xx'],
      [11, 'transportError'],
      [20, '200-699'],
      [21, 'transportError'],
    ],
    does: ['10 sendResponse', '11 informTransportError', '20 sendResponse', '21 informTransportError'],
    states: ['0 trying', '10 proceeding', '20 completed', '32020 terminated'],
  },
});

import { setup } from 'xstate';
import { portOf } from '../../src/kernel/index.js';

/** What a call does at either side; the object beside its machine. */
export interface CallPort {
  /** Lets media flow. */
  talk(): void;
  /** Ends what stands of the session, and its media. */
  endSession(): void;
  /** Gives sockets back and tells the owner. */
  release(): void;
}

/** What a call does at the caller's side. */
export interface OriginatingPort extends CallPort {
  /** Sends the INVITE with the offer. */
  invite(): void;
}

/** What befalls a call at either side. */
export type CallEvent =
  /** The offer or answer of this side can be given: sockets and candidates are there. */
  | { readonly type: 'prepared' }
  /** The user, or whoever owns the call, ends it. */
  | { readonly type: 'hung up' }
  /** No way was found for media. */
  | { readonly type: 'media.failed' }
  /** The session has ended, by whichever side. */
  | { readonly type: 'ended' }
  /** The phone is switched off. */
  | { readonly type: 'closed' };

/** Events of a call at the caller's side. */
export type OriginatingEvent =
  | CallEvent
  | { readonly type: 'not prepared' }
  /** The answer has come, for the first time. */
  | { readonly type: 'answer.described' }
  | { readonly type: 'ringing' }
  | { readonly type: 'accepted' }
  | { readonly type: 'rejected' };

/** What ends a call before it is answered. */
const unanswered = {
  rejected: 'ended',
  ended: 'ended',
  'hung up': 'ending',
  'media.failed': 'ending',
} as const;

/** A call at the caller's side (RFC 3261 13.2; TS 24.229 5.1.3; 24371-7.2.2). */
export const originatingCallMachine = setup({
  types: { events: {} as OriginatingEvent },
  actions: {
    invite: ({ self }) => portOf<OriginatingPort>(self).invite(),
    talk: ({ self }) => portOf<OriginatingPort>(self).talk(),
    'end the session': ({ self }) => portOf<OriginatingPort>(self).endSession(),
    release: ({ self }) => portOf<OriginatingPort>(self).release(),
  },
}).createMachine({
  id: 'originating call',
  initial: 'preparing',
  on: { closed: '.ended' },
  states: {
    preparing: {
      on: {
        prepared: { target: 'calling', actions: 'invite' },
        'not prepared': 'ended',
        'hung up': 'ended',
        'media.failed': 'ended',
      },
    },
    calling: {
      on: { ...unanswered, 'answer.described': 'progress', ringing: 'ringing', accepted: 'up' },
    },
    progress: {
      on: { ...unanswered, 'answer.described': {}, ringing: 'ringing', accepted: 'up' },
    },
    ringing: {
      on: { ...unanswered, 'answer.described': {}, ringing: {}, accepted: 'up' },
    },
    up: {
      entry: 'talk',
      on: { 'answer.described': {}, ended: 'ended', 'hung up': 'ending', 'media.failed': 'ending' },
    },
    ending: {
      entry: 'end the session',
      on: {
        rejected: 'ended',
        ended: 'ended',
        'hung up': {},
        'media.failed': {},
      },
    },
    ended: { type: 'final', entry: 'release' },
  },
});

import type { ActorRefFrom } from 'xstate';
import { stateName } from '../../src/kernel/index.js';
import type { ServerTransaction } from '../../src/stack/sip/index.js';
import {
  answerInvite,
  type InviteServerSession,
  type MessageParts,
  sdpOf,
} from '../../src/stack/sip-ua/index.js';
import { answeringSetup } from '../../src/stack/webrtc/index.js';
import { type MediaDescription, parseSdp, type SessionDescription, setup } from '../../src/wire/sdp/index.js';
import { chooseLine, makeAnswer } from './description.js';
import { CALLEE_HZ, type CallHome, encode, PhoneCall } from './phone-call.js';
import { type TerminatingEvent, type TerminatingPort, terminatingCallMachine } from './terminating-call.js';

/** Why an INVITE is refused, and with what. */
interface Refusal extends MessageParts {
  readonly status: number;
  readonly text: string;
}

/** A call that comes to this phone. */
export class IncomingCall extends PhoneCall implements TerminatingPort {
  readonly direction = 'terminating';
  readonly #session: InviteServerSession;
  readonly #actor: ActorRefFrom<typeof terminatingCallMachine>;
  readonly #busy: boolean;
  #refusal: Refusal | undefined;
  /** Whether the caller has been given the answer. */
  #described = false;

  /** @param busy whether it is to be refused for another call */
  constructor(home: CallHome, transaction: ServerTransaction, busy: boolean) {
    super(home);
    const { policy, inDialogHop } = home;
    this.#busy = busy;
    this.#session = answerInvite(home.ua, transaction, {
      supportsReliable: policy.reliableProvisionals,
      ...(inDialogHop === undefined ? {} : { nextHopFor: inDialogHop }),
      on: {
        cancelled: () => {
          this.over({ by: 'remote', text: 'cancelled', status: 487 });
          this.send({ type: 'cancelled' });
        },
        pracked: (prack) => {
          if (prack.sdp !== undefined) this.onRequest(prack);
          this.send({ type: 'pracked' });
        },
        acked: () => this.send({ type: 'acknowledged' }),
        request: (incoming) => this.onRequest(incoming),
        ended: (reason) => this.#ended(reason),
        failed: (reason) => this.#ended(reason),
      },
    });
    this.#actor = home.host.spawn(terminatingCallMachine, {
      id: this.id,
      input: {
        describesFirst: this.#session.reliable,
        answersItself: policy.answer === 'auto',
        alertMs: policy.alertMs,
      },
      port: this,
    });
  }

  get state(): string {
    const state = stateName(this.#actor.getSnapshot().value);
    return state.startsWith('alerting') ? 'alerting' : state;
  }

  /** Reads the offer, gathers candidates, and makes the answer. */
  begin(): void {
    const prepared = this.#prepare();
    if (typeof prepared === 'object') {
      this.#refusal = prepared;
      this.send({ type: 'not acceptable', status: prepared.status });
      return;
    }
    this.gather(() => {
      if (this.state !== 'preparing') return;
      this.local = prepared();
      this.send({ type: 'prepared' });
    });
  }

  answer(): void {
    this.send({ type: 'answered' });
  }

  reject(status = 603): void {
    if (this.state === 'alerting') this.send({ type: 'declined', status });
  }

  describe(): void {
    this.#described = true;
    this.#session.progress(183, { reliable: true, ...this.#answerParts() });
    this.#noteAnswer();
    this.agree(false);
    this.talkEarly();
  }

  ring(): void {
    this.#session.progress(180);
  }

  accept(): void {
    if (this.#described) {
      this.#session.accept();
      return;
    }
    this.#described = true;
    this.#session.accept(this.#answerParts());
    this.#noteAnswer();
    this.agree(false);
  }

  refuse(status: number): void {
    const { text = 'refused', ...parts } = this.#refusal ?? {};
    this.over({ by: 'local', text, status });
    this.#session.reject(status, parts);
  }

  endSession(): void {
    this.hush();
    this.#session.bye(this.byeReason);
    // a call whose 200 was held back is refused instead, and then there is nothing more to wait for
    if (this.#session.state === 'completed') this.send({ type: 'ended' });
  }

  protected send(event: TerminatingEvent): void {
    this.#actor.send(event);
  }

  #ended({
    by,
    text,
  }: {
    readonly by: 'local' | 'remote' | 'timeout' | 'transport';
    readonly text: string;
  }): void {
    this.over({ by, text });
    this.send({ type: 'ended' });
  }

  #answerParts(): MessageParts {
    return this.local === undefined ? {} : { sdp: encode(this.local) };
  }

  /** What makes the answer once addresses are there, or why there is none. */
  #prepare(): Refusal | (() => SessionDescription) {
    const { home } = this;
    const { request } = this.#session;
    if (this.#busy) return { status: 486, text: 'busy' };
    const sdp = sdpOf(request);
    if (sdp === undefined) return this.#refuseBody(request.body.length > 0);
    const read = parseSdp(sdp);
    if (!read.ok) return this.#warn(400, 399, `the offer is no session description: ${read.error.what}`);
    const choice = chooseLine(read.value, home.media);
    // RFC 3261 21.4.26 with warn-code 305: media formats that are not available
    if (choice === undefined) return this.#warn(488, 305, 'no audio line that this phone can serve');
    const offered = setup(read.value, read.value.media[choice.index] as MediaDescription);
    const stream = this.openStream(CALLEE_HZ, {
      setup: offered === 'actpass' ? home.media.w3.answeringSetup : answeringSetup(offered),
      rtcpMux: choice.mux ? 'require' : 'none',
    });
    if (stream === undefined) return this.#warn(500, 399, 'no port is free');
    const streams = read.value.media.map((_, index) => (index === choice.index ? stream : undefined));
    this.streams = streams;
    this.remote = read.value;
    return () => makeAnswer(read.value, choice, home.author, stream.end, 0);
  }

  #refuseBody(another: boolean): Refusal {
    if (!another) return this.#warn(488, 399, 'an offer is required');
    return { status: 415, text: 'unsupported body', headers: [['Accept', 'application/sdp']] };
  }

  #warn(status: number, code: number, text: string): Refusal {
    return { status, text, headers: [this.warning(code, text.replace(/["\\]/g, "'"))] };
  }

  #noteAnswer(): void {
    const { media, realises } = this.home;
    if (media.kind !== 'webrtc') return;
    realises('24371-7.2.3-01');
    realises('24371-7.2.3-02');
    realises('24371-7.2.3-03');
    realises('24371-7.2.3-05');
  }
}

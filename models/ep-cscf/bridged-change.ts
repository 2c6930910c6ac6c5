import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import type { IncomingRequest, MessageParts, RequestCallbacks } from '../../src/stack/sip-ua/index.js';
import { direction, parseSdp, type SessionDescription, serializeSdp } from '../../src/wire/sdp/index.js';
import { type ChangePort, changeMachine } from './change.js';
import type { GatewayControl, StreamWish } from './gateway-control.js';
import {
  type ChangeWish,
  changeWishes,
  type Leg,
  type LegView,
  mirrored,
  modeOf,
  saidAgain,
  withIceOf,
  withRoleOf,
} from './session-change.js';

/** What a change borrows from its call. */
export interface ChangeHome {
  readonly host: Host;
  readonly gateway: GatewayControl;
  /** Name of the machine. */
  readonly id: string;
  readonly views: Readonly<Record<Leg, LegView>>;
  /** Sends a request within the dialog of a leg; `false` when it may not be sent now. */
  send(leg: Leg, parts: MessageParts, callbacks: RequestCallbacks): boolean;
  /** The descriptions in force from now on; nothing where the session stays as it was. */
  onOver(views: Partial<Record<Leg, LegView>>): void;
  /** The two sides have agreed on what the gateway cannot follow. */
  onFailed(): void;
}

/** A new offer on one leg, carried to the gateway and, where it concerns it, to the other leg (24371-9). */
export class BridgedChange implements ChangePort {
  readonly #home: ChangeHome;
  readonly #leg: Leg;
  readonly #incoming: IncomingRequest;
  readonly #offer: SessionDescription;
  readonly #wish: ChangeWish;
  readonly #actor: ActorRefFrom<typeof changeMachine>;
  /** What is said to the other leg, and what it answered. */
  #other: LegView | undefined;
  #reply: SessionDescription;

  constructor(
    home: ChangeHome,
    leg: Leg,
    incoming: IncomingRequest,
    offer: SessionDescription,
    wish: ChangeWish,
  ) {
    this.#home = home;
    this.#leg = leg;
    this.#incoming = incoming;
    this.#offer = offer;
    this.#wish = wish;
    const { sent } = home.views[leg];
    this.#reply = saidAgain(sent, (index) => directionAt(sent, index));
    this.#actor = home.host.spawn(changeMachine, { id: home.id, port: this });
  }

  begin(): void {
    this.#actor.send({ type: 'begin', concernsOther: this.#wish.redirects });
  }

  ask(): void {
    const { views, send } = this.#home;
    const offer = this.#offer;
    const said = saidAgain(views[this.#otherLeg].sent, (index) => directionAt(offer, index));
    const sent = send(
      this.#otherLeg,
      { sdp: encode(said) },
      {
        done: (status, response) => {
          const read = response === undefined ? undefined : parseSdp(response.body);
          if (status >= 300 || read?.ok !== true) {
            this.#actor.send({ type: 'other.refused', status: status >= 300 ? status : 500 });
            return;
          }
          const answer = read.value;
          this.#other = { sent: said, got: answer };
          this.#reply = saidAgain(views[this.#leg].sent, (index) => directionAt(answer, index));
          this.#actor.send({ type: 'other.accepted' });
        },
      },
    );
    if (!sent) this.#actor.send({ type: 'other.refused', status: 491 });
  }

  configure(): void {
    const { gateway, views } = this.#home;
    const wishes: Record<Leg, readonly StreamWish[]> = { access: [], core: [] };
    const view = views[this.#leg];
    wishes[this.#leg] = changeWishes(this.#leg, view, this.#offer, this.#wish, this.#reply);
    const other = this.#other;
    if (other !== undefined) {
      wishes[this.#otherLeg] = wishes[this.#leg].map(({ stream }) => ({
        stream,
        mode: modeOf(mirrored(directionAt(other.got, stream - 1))),
      }));
    }
    gateway.configure(wishes.access, wishes.core, (error, locals) => {
      if (error !== undefined) {
        this.#actor.send({ type: 'gateway.failed' });
        return;
      }
      if (this.#wish.restartsIce) {
        const told = new Map(wishes.access.map(({ stream }, place) => [stream, locals[place]]));
        const media = this.#reply.media.map((line, index) => {
          const local = told.get(index + 1);
          return local === undefined ? line : withIceOf(line, local);
        });
        this.#reply = { ...this.#reply, media };
        this.#home.host.realises('24371-9-02', '24371-9-03');
      }
      this.#actor.send({ type: 'gateway.configured' });
    });
  }

  answer(): void {
    const offer = this.#offer;
    const reply = this.#reply;
    const media = reply.media.map((line, index) => {
      const theirs = offer.media[index];
      return theirs === undefined ? line : withRoleOf(line, reply, theirs);
    });
    const sent = { ...reply, media };
    if (!this.#incoming.answered) this.#incoming.respond(200, { sdp: encode(sent) });
    const other = this.#other;
    this.#home.onOver({
      [this.#leg]: { sent, got: offer },
      ...(other === undefined ? {} : { [this.#otherLeg]: other }),
    });
  }

  refuse(status: number): void {
    if (!this.#incoming.answered) this.#incoming.respond(status);
    this.#home.onOver({});
  }

  fail(): void {
    if (!this.#incoming.answered) this.#incoming.respond(500);
    this.#home.onOver({});
    this.#home.onFailed();
  }

  get #otherLeg(): Leg {
    return this.#leg === 'access' ? 'core' : 'access';
  }
}

function directionAt(session: SessionDescription, index: number): ReturnType<typeof direction> {
  const line = session.media[index];
  return line === undefined ? 'inactive' : direction(session, line);
}

function encode(description: SessionDescription): Uint8Array {
  return new TextEncoder().encode(serializeSdp(description));
}

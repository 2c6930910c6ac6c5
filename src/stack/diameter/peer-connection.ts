import type { ActorRefFrom } from 'xstate';
import type { Timer } from '../../kernel/index.js';
import {
  type ByteStream,
  type CloseReason,
  type Host,
  messageKey,
  type StreamHandler,
} from '../../network/index.js';
import type { MessageRecord } from '../../trace/index.js';
import {
  type Avp,
  avpValue,
  commandName,
  commands,
  type DiameterFinding,
  type DiameterMessage,
  type DiameterParseError,
  DiameterStreamParser,
  diameterSummary,
  isRequest,
  makeAvp,
  makeRequest,
  type RequestIds,
  ResultCode,
  serializeDiameter,
  validateDiameter,
} from '../../wire/diameter/index.js';
import { describeParseError } from '../../wire/parsed.js';
import {
  type AnswerResult,
  answerTo,
  answerToHeader,
  applicationsOf,
  errorDetails,
  resultOf,
} from './answers.js';
import { type LocalIdentity, RELAY_APPLICATION, sameIdentity } from './local-identity.js';
import { type PeerEvent, type PeerPort, type PeerState, peerMachine } from './peer-machine.js';

/** Tw without jitter and most jitter either way (RFC 3539 3.4.1 [1]), in microseconds. */
const TW_INIT_US = 30_000_000;
const TW_JITTER_US = 2_000_000;

const SUCCESS: AnswerResult = { resultCode: ResultCode.DIAMETER_SUCCESS };

/** Whoever holds a connection. */
export interface ConnectionOwner {
  readonly host: Host;
  readonly identity: LocalIdentity;
  nextIds(): RequestIds;
  /** A good CER came: accept, elect or disconnect. */
  takeCer(connection: PeerConnection): void;
  /** The connection was set up; CER has been sent. */
  connected(connection: PeerConnection): void;
  opened(connection: PeerConnection): void;
  /** New requests may be sent again. */
  resumed(connection: PeerConnection): void;
  ended(connection: PeerConnection, reason: string): void;
  takeRequest(connection: PeerConnection, request: DiameterMessage): void;
  takeAnswer(connection: PeerConnection, answer: DiameterMessage): void;
  /** An answer whose AVPs cannot be read. */
  takeUnreadableAnswer(connection: PeerConnection, hopByHop: number, what: string): void;
}

/** A transport connection with one peer: what the messages between peers do (RFC 6733 5), and the way of all others. */
export class PeerConnection implements StreamHandler, PeerPort {
  /** The peer's identity: whom this end meant to reach, or who sent CER. */
  peer: string | undefined;
  state: PeerState = 'closed';
  readonly #stream: ByteStream;
  readonly #owner: ConnectionOwner;
  readonly #actor: ActorRefFrom<typeof peerMachine>;
  readonly #parser = new DiameterStreamParser();
  #cer: DiameterMessage | undefined;
  #applications: ReadonlySet<number> = new Set();
  #tw: Timer | undefined;
  /** Whether a watchdog request is under way. */
  #probing = false;
  #suspended = false;

  /** @param peer whom this end wants to reach, when it is the initiator */
  constructor(owner: ConnectionOwner, stream: ByteStream, peer?: string) {
    this.#owner = owner;
    this.#stream = stream;
    this.peer = peer;
    this.#actor = owner.host.spawn(peerMachine, { id: `peer ${stream.id}`, port: this });
    stream.attach(this);
    this.#tell({ type: peer === undefined ? 'incoming' : 'start' });
  }

  /** Whether requests may be sent now. */
  get usable(): boolean {
    return this.state === 'open' && !this.#suspended;
  }

  /** Whether the peer said that it has the application (RFC 6733 5.3). */
  serves(applicationId: number): boolean {
    return this.#applications.has(applicationId) || this.#applications.has(RELAY_APPLICATION);
  }

  describe(): string {
    const { ip, port } = this.#stream.remote;
    return `Diameter connection with ${this.peer ?? 'an unknown peer'} at ${ip}:${port} (${this.state})`;
  }

  accept(): void {
    this.#tell({ type: 'accept' });
  }

  elect(): void {
    this.#tell({ type: 'elect' });
  }

  disconnect(reason: string): void {
    this.#tell({ type: 'disconnect', reason });
  }

  /** Ends the connection in order: with DPR where it is open (RFC 6733 5.4). */
  stop(): void {
    this.#tell({ type: 'stop' });
  }

  /** Sends a message, unless the connection is no longer there. */
  send(message: DiameterMessage): void {
    const { host } = this.#owner;
    const stream = this.#stream;
    const bytes = serializeDiameter(message);
    if (!host.tracing) stream.write(bytes);
    else {
      const record = this.#record(message, 'sent', stream.written + bytes.length);
      host.sendMessage(record, () => stream.write(bytes));
    }
  }

  /** Answers a request; an answer that comes after the connection has gone has nowhere to go. */
  answer(request: DiameterMessage, result: AnswerResult, avps: readonly Avp[] = []): void {
    if (this.state === 'terminated') return;
    this.send(answerTo(this.#owner.identity, request, result, avps));
  }

  /** Answers a request that breaks a rule (RFC 6733 7.1). */
  answerFinding(request: DiameterMessage, { what, resultCode, failedAvp }: DiameterFinding): void {
    this.answer(request, { resultCode }, errorDetails(what, failedAvp));
  }

  onOpen(): void {
    this.#tell({ type: 'connAck' });
  }

  onData(data: Uint8Array): void {
    for (const item of this.#parser.push(data)) {
      if (this.state === 'terminated') return;
      if (item.kind === 'error') {
        this.#reject(item.error);
        // RFC 6733 2.1: the stream cannot be recovered, so it is reset.
        this.#tell({ type: 'fail', reason: item.error.what });
        return;
      }
      this.#alive();
      if (item.kind === 'malformed') this.#takeMalformed(item.error);
      else if (!this.#owner.host.tracing) this.#take(item.message);
      else {
        const record = this.#record(item.message, 'received', item.end);
        this.#owner.host.receiveMessage(record, () => this.#take(item.message));
      }
    }
  }

  onEnd(): void {
    this.#tell({ type: 'peerDisc' });
  }

  onClose(reason: CloseReason): void {
    this.#tell({ type: 'lost', reason: `connection ${reason}` });
  }

  entered(state: PeerState): void {
    this.state = state;
    if (state === 'waitICea') this.#owner.connected(this);
    else if (state === 'open') {
      this.#startTw();
      this.#owner.opened(this);
    } else if (state === 'closing') this.#stopTw();
  }

  sendCer(): void {
    const { identity } = this.#owner;
    this.send(makeRequest('CER', this.#owner.nextIds(), identity.capabilities(this.#stream.local.ip)));
  }

  sendCea(): void {
    if (this.#cer !== undefined) this.#sendCea(this.#cer, SUCCESS);
  }

  sendDwr(): void {
    this.#probing = true;
    this.#sendToPeer('DWR', []);
  }

  sendDpr(): void {
    // The peer may come back when it has something to say (RFC 6733 5.4.3).
    this.#sendToPeer('DPR', [makeAvp('Disconnect-Cause', 'REBOOTING')]);
  }

  sendDpa(request: DiameterMessage): void {
    this.answer(request, SUCCESS);
  }

  suspend(): void {
    this.#suspended = true;
  }

  resume(): void {
    this.#suspended = false;
    this.#owner.resumed(this);
  }

  end(how: 'close' | 'abort', reason: string): void {
    this.state = 'terminated';
    this.#stopTw();
    const stream = this.#stream;
    stream.attach({ onData: () => {} });
    if (how === 'close') stream.close();
    else stream.abort();
    this.#owner.ended(this, reason);
  }

  #tell(event: PeerEvent): void {
    if (this.state !== 'terminated') this.#actor.send(event);
  }

  #sendToPeer(command: 'DWR' | 'DPR', avps: readonly Avp[]): void {
    const { originHost, originRealm } = this.#owner.identity;
    this.send(makeRequest(command, this.#owner.nextIds(), [originHost, originRealm, ...avps]));
  }

  #take(message: DiameterMessage): void {
    switch (this.state) {
      case 'waitCer':
        if (commandName(message) === 'CER') this.#takeCer(message);
        else this.#breach('a message before CER');
        return;
      case 'waitICea':
        if (commandName(message) === 'CEA') this.#takeCea(message);
        else this.#breach('a message before CEA');
        return;
      case 'open':
      case 'closing':
        if (isRequest(message)) this.#takeRequest(message);
        else this.#takeAnswer(message);
        return;
      default:
        this.#breach('a message before CEA');
    }
  }

  /** RFC 6733 5.3, 5.6.1. */
  #takeCer(cer: DiameterMessage): void {
    const { identity } = this.#owner;
    const [finding] = validateDiameter(cer);
    const applications = applicationsOf(cer);
    const peer = avpValue(cer, 'Origin-Host') ?? '';
    if (finding !== undefined) {
      this.#refuse(cer, finding.resultCode, finding.what, finding.failedAvp);
    } else if (!identity.shares(applications)) {
      this.#refuse(cer, ResultCode.DIAMETER_NO_COMMON_APPLICATION, 'no application in common');
    } else if (sameIdentity(peer, identity.host)) {
      this.#refuse(cer, ResultCode.DIAMETER_UNKNOWN_PEER, 'the name is that of this node');
    } else {
      this.#cer = cer;
      this.peer = peer;
      this.#applications = applications;
      this.#owner.takeCer(this);
    }
  }

  #refuse(cer: DiameterMessage, resultCode: number, what: string, failedAvp?: Avp): void {
    this.#owner.host.reject('Diameter', what);
    this.#sendCea(cer, { resultCode }, errorDetails(what, failedAvp));
    this.disconnect(what);
  }

  #sendCea(cer: DiameterMessage, result: AnswerResult, avps: readonly Avp[] = []): void {
    const { identity } = this.#owner;
    // Origin-Host and Origin-Realm stand in every answer already.
    const [, , ...capabilities] = identity.capabilities(this.#stream.local.ip);
    this.answer(cer, result, [...capabilities, ...avps]);
  }

  #takeCea(cea: DiameterMessage): void {
    const [finding] = validateDiameter(cea);
    const { code, name } = resultOf(cea);
    const peer = avpValue(cea, 'Origin-Host') ?? '';
    if (finding !== undefined) this.#breach(finding.what);
    else if (code !== ResultCode.DIAMETER_SUCCESS) this.disconnect(`CEA ${name} (${code})`);
    else if (this.peer === undefined || !sameIdentity(peer, this.peer)) {
      this.#breach(`CEA from ${peer} in place of ${this.peer ?? ''}`);
    } else {
      this.#applications = applicationsOf(cea);
      this.#tell({ type: 'cea' });
    }
  }

  #takeRequest(request: DiameterMessage): void {
    const name = commandName(request);
    if (name === undefined || commands[name].applicationId !== 0) {
      // In Closing there is nobody left to process it (RFC 6733 5.6); the sender hears of it when the connection ends.
      if (this.state === 'open') this.#owner.takeRequest(this, request);
      return;
    }
    const [finding] = validateDiameter(request);
    if (finding !== undefined) {
      this.#owner.host.reject('Diameter', `${finding.what} (${finding.rule})`);
      this.answerFinding(request, finding);
    } else if (name === 'DWR') this.answer(request, SUCCESS);
    else if (name === 'DPR') this.#tell({ type: 'dpr', request });
    else {
      const what = `${name} on a connection that is open`;
      this.answer(request, { resultCode: ResultCode.DIAMETER_UNABLE_TO_COMPLY }, errorDetails(what));
    }
  }

  #takeAnswer(answer: DiameterMessage): void {
    const name = commandName(answer);
    if (name === 'DPA' && this.state === 'closing') this.#tell({ type: 'dpa' });
    else if (name !== 'DWA') this.#owner.takeAnswer(this, answer);
  }

  /** RFC 6733 7.1.5: a request is answered also when its AVPs cannot be read. */
  #takeMalformed(error: DiameterParseError): void {
    this.#reject(error);
    const { header, resultCode, failedAvp, what } = error;
    if (header === undefined) return;
    if (!isRequest(header)) {
      if (this.state === 'open' || this.state === 'closing') {
        this.#owner.takeUnreadableAnswer(this, header.hopByHop, what);
      } else this.#breach(what);
      return;
    }
    this.send(answerToHeader(this.#owner.identity, header, resultCode, errorDetails(what, failedAvp)));
    if (this.state !== 'open' && this.state !== 'closing') this.disconnect(what);
  }

  /** The event Error of RFC 6733 5.6: the peer does not do what the state wants. */
  #breach(what: string): void {
    this.#owner.host.reject('Diameter', what);
    this.#tell({ type: 'fail', reason: what });
  }

  #reject(error: DiameterParseError): void {
    this.#owner.host.reject('Diameter', describeParseError(error), error.offset);
  }

  /** RFC 3539 3.4.1 [2]: any message shows that the peer is there. */
  #alive(): void {
    if (this.state !== 'open') return;
    this.#startTw();
    if (!this.#probing) return;
    this.#probing = false;
    this.#tell({ type: 'alive' });
  }

  #startTw(): void {
    const { host } = this.#owner;
    this.#stopTw();
    const jitterUs = host.random('Diameter watchdog').below(2 * TW_JITTER_US + 1) - TW_JITTER_US;
    this.#tw = host.schedule(TW_INIT_US + jitterUs, () => {
      this.#startTw();
      this.#tell({ type: 'tw' });
    });
  }

  #stopTw(): void {
    if (this.#tw !== undefined) this.#owner.host.cancel(this.#tw);
    this.#tw = undefined;
  }

  #record(message: DiameterMessage, direction: 'sent' | 'received', end: number): MessageRecord {
    const { local, remote } = this.#stream;
    const key = messageKey(this.#stream, direction, end);
    return { protocol: 'Diameter', summary: diameterSummary(message), transport: 'tcp', local, remote, key };
  }
}

import type { ByteStream, Host } from '../../network/index.js';
import type { Endpoint } from '../../trace/index.js';
import {
  type Avp,
  CX_APPLICATION,
  commands,
  type DiameterMessage,
  makeAvp,
  makeRequest,
  makeSessionId,
  type RequestIds,
  ResultCode,
  VENDOR_3GPP,
  validateDiameter,
} from '../../wire/diameter/index.js';
import { type AnswerResult, describeResult, errorDetails, misrouted } from './answers.js';
import { type DiameterApplication, identityKey, LocalIdentity } from './local-identity.js';
import { Peer, type PeerOwner } from './peer.js';
import { type ConnectionOwner, PeerConnection } from './peer-connection.js';
import { type DiameterOutcome, PendingRequests } from './pending-requests.js';

/** Port of Diameter without TLS (RFC 6733 2.1). */
const DIAMETER_PORT = 3868;

/** How long a request may wait for its answer; the value is ours, no clause names one. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Tc (RFC 6733 2.1, 12). */
const TC_MS = 30_000;

const CX: DiameterApplication = { vendorId: VENDOR_3GPP, authApplicationId: CX_APPLICATION };

/** The requests of Cx (TS 29.229 6.1). */
export type CxRequestName = 'UAR' | 'SAR' | 'LIR' | 'MAR' | 'RTR' | 'PPR';

/** Answers a request: with a result and what the command's grammar has besides result and origin. */
export type Answer = (result: AnswerResult, avps?: readonly Avp[]) => void;

/** How a node is set up. */
export interface DiameterNodeOptions {
  /** Realm of the network in which it has its address. */
  readonly realm: string;
  /** Diameter identity: a DNS name (RFC 6733 4.3.1). */
  readonly originHost: string;
  /** Realm in the sense of Diameter. */
  readonly originRealm: string;
  /** Default `imslab`. */
  readonly productName?: string;
  /** What it offers and asks for in the capabilities exchange. Default Cx. */
  readonly applications?: readonly DiameterApplication[];
  /** Tc, the time between attempts to connect while requests wait, in milliseconds. Default 30000. */
  readonly tcMs?: number;
  /**
   * Takes a request without faults that is for this node. `answer` may be called at once or later, once; after that it
   * throws. Absent: every request is answered DIAMETER_COMMAND_UNSUPPORTED.
   *
   * @param peer Diameter identity of the node at the other end of the connection
   */
  onRequest?(request: DiameterMessage, answer: Answer, peer: string): void;
}

/** Where a request goes. */
export interface DiameterDestination {
  /** Diameter identity: Destination-Host, and the peer with which the connection is. */
  readonly host: string;
  /** Destination-Realm. */
  readonly realm: string;
  /** Absent: the address of the name `host` in the network, port 3868. Not looked at while there is a connection. */
  readonly address?: Endpoint;
}

/** A Diameter node that sends requests, or serves them, or both (RFC 6733). */
export class DiameterNode {
  readonly #host: Host;
  readonly #options: DiameterNodeOptions;
  readonly #identity: LocalIdentity;
  readonly #pending: PendingRequests;
  readonly #peers = new Map<string, Peer>();
  readonly #connections = new Set<PeerConnection>();
  readonly #connectionOwner: ConnectionOwner;
  readonly #peerOwner: PeerOwner;
  readonly #sessionHigh: number;
  #sessionLow = 0;
  #hopByHop: number;
  #endToEnd: number;
  #listener: { close(): void } | undefined;
  #closed = false;

  constructor(host: Host, options: DiameterNodeOptions) {
    const { originHost, originRealm, productName = 'imslab', applications = [CX], tcMs = TC_MS } = options;
    this.#host = host;
    this.#options = options;
    this.#identity = new LocalIdentity(originHost, originRealm, productName, applications);
    this.#pending = new PendingRequests(host);
    const seconds = Math.floor(host.kernel.now / 1_000_000);
    const random = host.random('Diameter identifiers');
    this.#hopByHop = random.uint32();
    // RFC 6733 3: low-order bits of the time in the upper 12 bits, random below.
    this.#endToEnd = (((seconds & 0xfff) << 20) | random.below(0x10_0000)) >>> 0;
    // RFC 6733 8.8: the upper half is the time of the start.
    this.#sessionHigh = seconds;
    this.#connectionOwner = {
      host,
      identity: this.#identity,
      nextIds: () => this.#nextIds(),
      takeCer: (connection) => this.#peerOf(connection).takeCer(connection),
      connected: (connection) => this.#peerOf(connection).connected(),
      opened: (connection) => this.#peerOf(connection).opened(connection),
      resumed: (connection) => this.#peerOf(connection).flush(),
      ended: (connection, reason) => this.#ended(connection, reason),
      takeRequest: (connection, request) => this.#takeRequest(connection, request),
      takeAnswer: (connection, answer) => this.#takeAnswer(connection, answer),
      takeUnreadableAnswer: (connection, hopByHop, what) =>
        this.#endWithError(connection, hopByHop, `the answer cannot be read: ${what}`),
    };
    this.#peerOwner = {
      host,
      pending: this.#pending,
      localHost: originHost,
      tcUs: tcMs * 1000,
      connect: (to, identity) => this.#hold(host.connect(options.realm, to), identity),
    };
  }

  /** Requests without an answer, those that wait for a connection included. */
  get pendingRequests(): number {
    return this.#pending.size;
  }

  /** What is not finished, one line each: connections that are not closed and requests without an answer. */
  get leftovers(): readonly string[] {
    const connections = [...this.#connections].map((connection) => connection.describe());
    const { size } = this.#pending;
    return size === 0 ? connections : [...connections, `${size} Diameter requests without an answer`];
  }

  /**
   * Takes connections.
   *
   * @param port TCP port, default 3868
   * @throws Error when the port is in use
   */
  listen(port = DIAMETER_PORT): void {
    this.#listener = this.#host.listen(this.#options.realm, port, (connection) => this.#hold(connection));
  }

  /**
   * Sends a request, over the connection with that host or one that is made for it. Session-Id,
   * Vendor-Specific-Application-Id, Auth-Session-State, Origin-Host, Origin-Realm, Destination-Host and Destination-Realm are
   * added in front of `avps`.
   *
   * @param done called exactly once, never before `request` has returned, with an answer of whatever result, or with an error:
   *   no answer in time; an answer that breaks a rule; DIAMETER_UNABLE_TO_DELIVER when there is no connection or it was lost
   *   before the answer (the request may then have been processed); this node closed
   * @param timeoutMs how long to wait for the answer, the set-up of a connection included. Default 10000
   */
  request(
    to: DiameterDestination,
    command: CxRequestName,
    avps: readonly Avp[],
    done: (result: DiameterOutcome) => void,
    timeoutMs: number = REQUEST_TIMEOUT_MS,
  ): void {
    const peer = this.#peer(to.host);
    peer.address = to.address ?? peer.address ?? this.#resolve(to.host);
    const refusal = this.#refusal(peer, command);
    if (refusal !== undefined) {
      this.#host.schedule(0, () => done({ error: refusal }));
      return;
    }
    const session = makeSessionId(this.#identity.host, this.#sessionHigh, ++this.#sessionLow);
    const message = makeRequest(command, this.#nextIds(), [
      makeAvp('Session-Id', session),
      ...(this.#identity.common(commands[command].applicationId) ?? []),
      this.#identity.originHost,
      this.#identity.originRealm,
      makeAvp('Destination-Host', to.host),
      makeAvp('Destination-Realm', to.realm),
      ...avps,
    ]);
    peer.request(this.#pending.add(message, timeoutMs, done));
  }

  /**
   * Takes no more connections, ends requests under way with an error, and disconnects from all peers in order (RFC 6733 5.4).
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener?.close();
    for (const peer of this.#peers.values()) peer.close();
    this.#pending.endAll('the node is closed');
    for (const connection of [...this.#connections]) connection.stop();
  }

  /** Why a request cannot even wait for a connection. */
  #refusal(peer: Peer, command: CxRequestName): string | undefined {
    if (this.#closed) return 'the node is closed';
    if (this.#identity.common(commands[command].applicationId) === undefined) {
      return describeResult(ResultCode.DIAMETER_APPLICATION_UNSUPPORTED, `${command} is not offered here`);
    }
    if (peer.reachable) return undefined;
    return describeResult(ResultCode.DIAMETER_UNABLE_TO_DELIVER, `no address of ${peer.identity}`);
  }

  #resolve(identity: string): Endpoint | undefined {
    const ip = this.#host.network.resolve(identity, this.#options.realm);
    return ip === undefined ? undefined : { ip, port: DIAMETER_PORT };
  }

  #peer(identity: string): Peer {
    const key = identityKey(identity);
    let peer = this.#peers.get(key);
    if (peer === undefined) this.#peers.set(key, (peer = new Peer(this.#peerOwner, identity)));
    return peer;
  }

  /** The peer of a connection that has got as far as knowing it. */
  #peerOf({ peer }: PeerConnection): Peer {
    if (peer === undefined) throw new Error('a connection without a CER has no peer');
    return this.#peer(peer);
  }

  #hold(stream: ByteStream, peer?: string): PeerConnection {
    const connection = new PeerConnection(this.#connectionOwner, stream, peer);
    this.#connections.add(connection);
    return connection;
  }

  #ended(connection: PeerConnection, reason: string): void {
    this.#connections.delete(connection);
    if (connection.peer !== undefined) this.#peerOf(connection).ended(connection, reason);
  }

  #takeRequest(connection: PeerConnection, request: DiameterMessage): void {
    const { applicationId } = request;
    const refuse = (resultCode: number, what: string): void => {
      this.#host.reject('Diameter', what);
      connection.answer(request, { resultCode }, errorDetails(what));
    };
    if (applicationId !== 0 && this.#identity.common(applicationId) === undefined) {
      refuse(ResultCode.DIAMETER_APPLICATION_UNSUPPORTED, `application ${applicationId} is not offered here`);
      return;
    }
    const [finding] = validateDiameter(request);
    if (finding !== undefined) {
      this.#host.reject('Diameter', `${finding.what} (${finding.rule})`);
      connection.answerFinding(request, finding);
      return;
    }
    const lost = misrouted(this.#identity, request);
    if (lost !== undefined) {
      refuse(lost, `this is ${this.#identity.host} of ${this.#identity.realm}, which forwards nothing`);
      return;
    }
    if (this.#options.onRequest === undefined) {
      refuse(ResultCode.DIAMETER_COMMAND_UNSUPPORTED, 'requests are not served here');
      return;
    }
    let answered = false;
    const answer: Answer = (result, avps) => {
      if (answered) throw new Error('a Diameter request is answered once');
      answered = true;
      connection.answer(request, result, avps);
    };
    this.#options.onRequest(request, answer, connection.peer ?? '');
  }

  #takeAnswer(connection: PeerConnection, answer: DiameterMessage): void {
    const pending = this.#pending.find(connection, answer.hopByHop);
    const { command, applicationId } = pending?.message ?? {};
    if (pending === undefined || command !== answer.command || applicationId !== answer.applicationId) {
      // RFC 6733 6.2.1: ignored. The request may have timed out.
      this.#host.reject('Diameter', `an answer to no request of this node (hop-by-hop ${answer.hopByHop})`);
      return;
    }
    const [finding] = validateDiameter(answer);
    if (finding !== undefined) {
      this.#host.reject('Diameter', `${finding.what} (${finding.rule})`);
      this.#pending.end(pending, { error: `the answer breaks ${finding.rule}: ${finding.what}` });
    } else this.#pending.end(pending, { answer });
  }

  #endWithError(connection: PeerConnection, hopByHop: number, error: string): void {
    const pending = this.#pending.find(connection, hopByHop);
    if (pending !== undefined) this.#pending.end(pending, { error });
  }

  #nextIds(): RequestIds {
    this.#hopByHop = (this.#hopByHop + 1) >>> 0;
    this.#endToEnd = (this.#endToEnd + 1) >>> 0;
    return { hopByHop: this.#hopByHop, endToEnd: this.#endToEnd };
  }
}

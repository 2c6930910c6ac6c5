/** A context: its number, `$` to choose one, `*` for all, `-` for the null context (H.248.1 B.1). */
export type ContextId = number | '$' | '*' | '-';

/** The commands (H.248.1 7.2). */
export type CommandName =
  | 'Add'
  | 'Modify'
  | 'Subtract'
  | 'Move'
  | 'Notify'
  | 'AuditValue'
  | 'AuditCapability'
  | 'ServiceChange';

/** The modes of a stream (H.248.1 7.1.7). */
export type StreamMode = 'SendReceive' | 'SendOnly' | 'ReceiveOnly' | 'Inactive' | 'LoopBack';

/** A megaco message in the text encoding (H.248.1 8.3, Annex B). */
export interface MegacoMessage {
  /** Protocol version, 3. */
  readonly version: number;
  /** Sender, as written: `[10.1.1.1]:2944`, `[2001:db8::1]:2944`, `<agw.example.net>`, a device name. */
  readonly mid: string;
  /** The transactions, at least one unless there is an {@link error}. */
  readonly transactions: readonly Transaction[];
  /** An error about the whole message (H.248.1 8.2.2), instead of transactions. */
  readonly error?: ErrorDescriptor;
  /** The authentication header as written (H.248.1 10.2). */
  readonly authentication?: string;
}

/** A transaction of a message (H.248.1 8.1, 8.2). */
export type Transaction = TransactionRequest | TransactionReply | TransactionPending | TransactionResponseAck;

/** Commands to obey, action by action (H.248.1 8.2.1). */
export interface TransactionRequest {
  readonly kind: 'Transaction';
  /** 1..2^32-1. */
  readonly id: number;
  readonly actions: readonly Action[];
}

/** What came of a request (H.248.1 8.2.2). */
export interface TransactionReply {
  readonly kind: 'Reply';
  readonly id: number;
  readonly actions: readonly Action[];
  /** An error about the whole transaction, instead of actions. */
  readonly error?: ErrorDescriptor;
  /** The sender wants an acknowledgement at once (H.248.1 D.1.2.2). */
  readonly immAckRequired?: true;
}

/** The request is being worked on (H.248.1 8.2.3). */
export interface TransactionPending {
  readonly kind: 'Pending';
  readonly id: number;
}

/** Replies have arrived and can be forgotten (H.248.1 D.1.2.2). */
export interface TransactionResponseAck {
  readonly kind: 'TransactionResponseAck';
  /** Transaction ids from `first` to `last`. */
  readonly ranges: readonly { readonly first: number; readonly last: number }[];
}

/** Commands about one context, or their replies (H.248.1 6.1, 8.2). */
export interface Action {
  readonly context: ContextId;
  /** 0 (lowest) to 15 (H.248.1 6.1.1). */
  readonly priority?: number;
  readonly emergency?: boolean;
  /** Topology, ContextAttr, ContextAudit and other items about the context, as written. */
  readonly contextItems: readonly string[];
  readonly commands: readonly Command[];
  /** An error about the context, or about the last command: later commands were not obeyed (H.248.1 8.2.2). */
  readonly error?: ErrorDescriptor;
}

/** A command or its reply (H.248.1 7.2). */
export interface Command {
  readonly name: CommandName;
  /** `ip/access/1`, with `$` to choose and `*` for all; `ROOT` for the gateway; `[a, b]` for a list. */
  readonly terminationId: string;
  /** `O-`: if it fails the transaction goes on (H.248.1 8). */
  readonly optional?: true;
  /** `W-`: one reply stands for all terminations a wildcard matches (H.248.1 6.2.2). */
  readonly wildcardReply?: true;
  readonly descriptors: readonly Descriptor[];
}

/** A descriptor of a command (H.248.1 7.1). */
export type Descriptor =
  | MediaDescriptor
  | EventsDescriptor
  | SignalsDescriptor
  | ObservedEventsDescriptor
  | AuditDescriptor
  | ServicesDescriptor
  | StatisticsDescriptor
  | PackagesDescriptor
  | ErrorDescriptor
  | RawDescriptor;

/** Media streams (H.248.1 7.1.4). */
export interface MediaDescriptor {
  readonly kind: 'Media';
  readonly terminationState?: TerminationState;
  readonly streams: readonly StreamDescriptor[];
  /** Items of other kinds, as written. */
  readonly raw: readonly string[];
}

/** State of the termination that belongs to no stream (H.248.1 7.1.5). */
export interface TerminationState {
  readonly serviceStates?: 'InService' | 'OutOfService' | 'Test';
  readonly eventBufferControl?: 'Off' | 'LockStep';
  readonly properties: readonly Property[];
}

/** One bidirectional stream (H.248.1 7.1.6). */
export interface StreamDescriptor {
  /** Absent where the parameters stand directly in Media: stream 1 then. */
  readonly id?: number;
  readonly localControl?: LocalControl;
  /** Session descriptions of what the gateway receives: lines of SDP, the last with CRLF; `''` when empty. */
  readonly local?: string;
  /** Session descriptions of what the gateway sends. */
  readonly remote?: string;
  readonly statistics?: readonly Statistic[];
  /** Items of other kinds, as written. */
  readonly raw: readonly string[];
}

/** How the gateway treats a stream (H.248.1 7.1.7). */
export interface LocalControl {
  readonly mode?: StreamMode;
  readonly reservedValue?: boolean;
  readonly reservedGroup?: boolean;
  readonly properties: readonly Property[];
}

/** A property or parameter: `ipdc/realm = "access"`. */
export interface Property {
  /** `package/item`, or an item alone for a parameter of an event or signal. */
  readonly name: string;
  readonly value: PropertyValue;
}

/**
 * The value of a property. Single values are as written, a string with its quotes: see {@link quote}, {@link unquote}.
 * `all` is `[a,b]`, `any` is `{a,b}`, `range` is `[a:b]` (H.248.1 B.2, alternativeValue).
 */
export type PropertyValue =
  | string
  | { readonly kind: 'all' | 'any'; readonly values: readonly string[] }
  | { readonly kind: 'range'; readonly low: string; readonly high: string }
  | { readonly kind: 'greater' | 'less' | 'unequal'; readonly value: string };

/** Events to detect; without events and id it clears them (H.248.1 7.1.9). */
export interface EventsDescriptor {
  readonly kind: 'Events';
  readonly requestId?: number | '*';
  readonly events: readonly EventItem[];
}

/** An event or signal of a package. */
export interface EventItem {
  /** `package/event`. */
  readonly name: string;
  /** The stream it is about. */
  readonly stream?: number;
  readonly parameters: readonly Property[];
  /** Embed, KeepActive, DigitMap and the like, as written. */
  readonly raw: readonly string[];
}

/** Signals to apply; an empty one stops them (H.248.1 7.1.11). */
export interface SignalsDescriptor {
  readonly kind: 'Signals';
  readonly signals: readonly EventItem[];
  /** Signal lists, as written. */
  readonly raw: readonly string[];
}

/** Events that were detected (H.248.1 7.1.17). */
export interface ObservedEventsDescriptor {
  readonly kind: 'ObservedEvents';
  readonly requestId: number | '*';
  readonly events: readonly ObservedEvent[];
}

/** An event that was detected. */
export interface ObservedEvent extends EventItem {
  /** `yyyymmddThhmmssss`, the last two digits being hundredths of a second. */
  readonly time?: string;
}

/** What an audit asks for, or a Subtract wants back; none of the items asks for nothing (H.248.1 7.1.12). */
export interface AuditDescriptor {
  readonly kind: 'Audit';
  /** Names of descriptors (`Media`, `Statistics`), or items with their own contents, as written. */
  readonly items: readonly string[];
}

/** The methods of a ServiceChange (H.248.1 7.2.8). */
export type ServiceChangeMethod = 'Restart' | 'Forced' | 'Graceful' | 'Disconnected' | 'HandOff' | 'Failover';

/** The parameters of a ServiceChange (H.248.1 7.1.13). */
export interface ServicesDescriptor {
  readonly kind: 'Services';
  /** One of {@link ServiceChangeMethod}, or an extension `X-...`. Replies have none. */
  readonly method?: string;
  /** Number and text without quotes: `901 Cold Boot`. */
  readonly reason?: string;
  /** Port, or message identifier as in {@link MegacoMessage.mid}. */
  readonly address?: string;
  readonly profile?: string;
  readonly version?: number;
  readonly timestamp?: string;
  /** Seconds. */
  readonly delay?: number;
  /** Where the gateway should turn to. */
  readonly mgcIdToTry?: string;
  readonly extensions: readonly Property[];
  readonly raw: readonly string[];
}

/** A value of a statistic, absent where only its name is told. */
export interface Statistic {
  readonly name: string;
  readonly value?: string;
}

/** Statistics of a termination (H.248.1 7.1.15). */
export interface StatisticsDescriptor {
  readonly kind: 'Statistics';
  readonly statistics: readonly Statistic[];
}

/** Packages of a termination: `g-1` (H.248.1 7.1.16). */
export interface PackagesDescriptor {
  readonly kind: 'Packages';
  readonly packages: readonly string[];
}

/** An error (H.248.1 7.1.19, H.248.8). */
export interface ErrorDescriptor {
  readonly kind: 'Error';
  readonly code: number;
  /** Explanation, without quotes. */
  readonly text?: string;
}

/** A descriptor that is not read: Modem, Mux, DigitMap, EventBuffer, names in audit replies, unknown ones. */
export interface RawDescriptor {
  readonly kind: 'Raw';
  readonly text: string;
}

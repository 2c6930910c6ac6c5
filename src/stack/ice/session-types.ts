import type { Host } from '../../network/index.js';
import type { AgentEvent } from './agent-machine.js';
import type { LocalCandidates } from './local-candidates.js';
import type { PendingRequests } from './pending-requests.js';
import type { IceSettings } from './settings.js';
import type { IceRole } from './types.js';

/** What outlives an ICE restart (RFC 8445 9): the role, and what decides about it. */
export interface RoleHolder {
  role: IceRole;
  /** 16 hexadecimal digits. */
  tieBreaker: string;
}

/** What a session needs of its agent. */
export interface SessionOwner {
  readonly id: string;
  readonly host: Host;
  readonly settings: IceSettings;
  readonly roles: RoleHolder;
  readonly locals: LocalCandidates;
  readonly pending: PendingRequests;
  /** Whether all candidates of this side are there. */
  readonly gathered: boolean;
  /** The next number for a pair or a check. */
  number(of: 'pair' | 'check'): number;
  newTieBreaker(): string;
  tell(event: AgentEvent): void;
  /** Where data can be sent may have changed. */
  pathsChanged(): void;
}

/** Facts about the peer. */
export interface Peer {
  readonly ufrag: string;
  readonly pwd: string;
  readonly key: Uint8Array;
  readonly lite: boolean;
  readonly options: readonly string[];
  readonly pacingMs: number;
  endOfCandidates: boolean;
}

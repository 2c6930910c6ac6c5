import type { Endpoint } from '../../trace/index.js';
import type { LocalBase, RemoteCandidate } from './candidate-pair.js';
import { sameAddress } from './local-candidates.js';
import type { IceCandidate } from './types.js';

/** What is known of the peer's candidates. */
export class RemoteCandidates {
  readonly list: RemoteCandidate[] = [];

  /** Takes a candidate of the peer's description; true if it tells more of one that was peer-reflexive so far. */
  add(candidate: IceCandidate): boolean {
    const { component, transport, address } = candidate;
    const known = this.find(component, transport, address);
    if (known === undefined) this.list.push({ candidate });
    else if (known.candidate.type === 'prflx') {
      known.candidate = candidate;
      return true;
    }
    return false;
  }

  find(component: number, transport: string, address: Endpoint): RemoteCandidate | undefined {
    return this.list.find(
      ({ candidate: one }) =>
        one.component === component && one.transport === transport && sameAddress(one.address, address),
    );
  }

  /** The candidate that a check came from: a known one, or a peer-reflexive one of that priority (RFC 8445 7.3.1.3). */
  learn(local: LocalBase, from: Endpoint, priority: number): RemoteCandidate {
    const { component, transport, tcpType } = local.candidate;
    const known = this.find(component, transport, from);
    if (known !== undefined) return known;
    const candidate: IceCandidate = {
      // arbitrary, but of a shape that differs from those of other candidates
      foundation: `prflx${this.list.length}`,
      component,
      transport,
      ...(tcpType === undefined ? {} : { tcpType: tcpType === 'passive' ? 'active' : tcpType }),
      priority,
      address: from,
      type: 'prflx',
    };
    const learnt = { candidate };
    this.list.push(learnt);
    return learnt;
  }
}

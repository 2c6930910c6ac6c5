import type { ActorRefFrom } from 'xstate';
import type { Host } from '../../src/network/index.js';
import type { ServerTransaction } from '../../src/stack/sip/index.js';
import { type Notifier, ownText } from '../../src/stack/sip-ua/index.js';
import type { AssignmentType } from '../hss/index.js';
import { newNonce } from './authenticator.js';
import { applyRegister, type Binding, type BindingChange, secondsLeft } from './bindings.js';
import type { CxClient, DigestCredentials } from './cx-client.js';
import { checkEntity } from './entity-check.js';
import type { SCscfPolicy } from './policy.js';
import type { ServiceProfile } from './profile.js';
import type { Register } from './register-request.js';
import { okHeaders } from './register-response.js';
import { type RegistrationEvent, type RegistrationPort, registrationMachine } from './registration.js';
import type { ContactEvent, RegistrationChange } from './registration-info.js';

/** A password and the nonce that the next proof of it has to be made with. */
export interface ProvenCredentials extends DigestCredentials {
  readonly nonce: string;
  /** Nonce count of the last proof. */
  readonly count: number;
}

/** What users share: the S-CSCF that they are served by. */
export interface ServedUserHome {
  readonly host: Host;
  readonly cx: CxClient;
  readonly policy: SCscfPolicy;
  readonly homeDomain: string;
  /** The Service-Route of a user, with `lr`. */
  serviceRoute(token: string): string;
  respond(
    transaction: ServerTransaction,
    status: number,
    headers?: Iterable<readonly [string, string]>,
  ): void;
  /** The HSS has sent a profile. */
  profiled(user: ServedUser): void;
  /** Contacts have come, gone or been refreshed. */
  changed(user: ServedUser, change: RegistrationChange): void;
  /** The user is not served any more; `unserved` are REGISTERs that came too late. */
  ended(user: ServedUser, change: RegistrationChange, unserved: readonly Register[]): void;
}

/** How the sender of the first REGISTER was authenticated. */
export type Authenticated = Extract<RegistrationEvent['type'], `authenticated${string}`>;

const NONE: readonly Register[] = [];
const NOBODY: readonly Notifier[] = [];

const NO_CHANGE: RegistrationChange = { events: new Map(), gone: [] };

/** A user whom an S-CSCF serves: the object beside the machine of the registration. */
export class ServedUser implements RegistrationPort {
  readonly impi: string;
  /** The public identity that was registered explicitly, canonical. */
  readonly impu: string;
  /** User part of the Service-Route, by which the user's requests are known. */
  readonly token: string;
  watchers: readonly Notifier[] = NOBODY;
  /** Absent until the HSS has sent it. */
  profile: ServiceProfile | undefined;
  bindings: readonly Binding[] = [];
  credentials: ProvenCredentials | undefined;
  readonly #home: ServedUserHome;
  #actor: ActorRefFrom<typeof registrationMachine> | undefined;
  #bindingCount = 0;
  /** The REGISTER that is owed an answer. */
  #current: Register | undefined;
  /** Those that came meanwhile. */
  #waiting: readonly Register[] = NONE;
  #change: RegistrationChange = NO_CHANGE;

  constructor(
    home: ServedUserHome,
    register: Register,
    token: string,
    credentials: ProvenCredentials | undefined,
  ) {
    this.#home = home;
    this.impi = ownText(register.impi);
    this.impu = ownText(register.impu);
    this.token = ownText(token);
    this.credentials = credentials;
    this.#current = register;
  }

  /** Begins with the REGISTER that the user was made of. */
  start(how: Authenticated): void {
    this.#actor = this.#home.host.spawn(registrationMachine, { id: `registration/${this.impi}`, port: this });
    this.#send({ type: how });
  }

  stop(): void {
    this.#actor?.stop();
  }

  /** State of the registration, such as `registered`. */
  get state(): string {
    return String(this.#actor?.getSnapshot().value);
  }

  /** Takes another REGISTER of the user, after those that came before. */
  submit(register: Register): void {
    this.#waiting = [...this.#waiting, register];
    if (this.state === 'registered') this.next();
  }

  /** Ends the registration from the network's side (TS 24.229 5.4.1.5). */
  withdraw(event: 'deactivated' | 'rejected'): void {
    this.#release(event);
    this.#send({ type: 'withdraw' });
  }

  assign(type: 'REGISTRATION' | 'RE_REGISTRATION'): void {
    const known = this.profile !== undefined;
    this.#home.cx.assign(this, type, known, (result) => {
      if ('status' in result) {
        this.#send({ type: 'refused', status: result.status });
        return;
      }
      const profile = this.profile ?? result.profile;
      if (profile === undefined) {
        this.#send({ type: 'refused', status: 500 });
        return;
      }
      if (!known) {
        this.profile = profile;
        this.#home.profiled(this);
      }
      this.#judge(profile);
    });
  }

  deassign(type: AssignmentType): void {
    this.#home.cx.assign(this, type, true, () => this.#send({ type: 'deassigned' }));
  }

  accept(): void {
    this.#answerOk();
    this.#home.changed(this, this.#change);
    this.#change = NO_CHANGE;
  }

  reject(status: number): void {
    const register = this.#current;
    this.#current = undefined;
    if (register !== undefined) this.#home.respond(register.transaction, status);
  }

  expire(): void {
    const { now } = this.#home.host.kernel;
    const gone = this.bindings.filter(({ expiresAtUs }) => expiresAtUs <= now);
    this.bindings = this.bindings.filter((binding) => !gone.includes(binding));
    this.#change = { events: new Map(gone.map(({ id }) => [id, 'expired'])), gone };
    if (this.bindings.length === 0) {
      this.#send({ type: 'none left' });
      return;
    }
    this.#home.changed(this, this.#change);
    this.#change = NO_CHANGE;
    this.#send({ type: 'some left', expiryMs: this.#expiryMs() });
  }

  next(): void {
    const [register, ...others] = this.#waiting;
    if (register === undefined) return;
    this.#waiting = others.length > 0 ? others : NONE;
    this.#current = register;
    if (register.contacts.length === 0 && !register.all) {
      this.#answerOk();
      this.next();
      return;
    }
    const change = this.#apply(register);
    if (change === undefined) {
      this.reject(500);
      this.next();
    } else if (change.bindings.length > 0) this.#send({ type: 'refresh' });
    else {
      this.#take(change);
      this.#send({ type: 'deregister' });
    }
  }

  forget(): void {
    this.#answerOk();
    const unserved = this.#waiting;
    this.#waiting = NONE;
    this.#home.ended(this, this.#change, unserved);
  }

  /** The HSS agrees: now the authorising entity has its say, and the contacts are registered. */
  #judge({ allowedEntities }: ServiceProfile): void {
    const register = this.#current;
    const change = register === undefined ? undefined : this.#apply(register);
    if (register === undefined || change === undefined) {
      this.#send({ type: 'refused', status: 500 });
      return;
    }
    const verdict = checkEntity(register.entity, allowedEntities, this.#home.policy.authorizationEntity);
    if (verdict === 'not allowed') {
      this.#release('rejected');
      this.#send({ type: 'entity not allowed' });
      return;
    }
    this.#take(change);
    const expiryMs = this.#expiryMs();
    this.#send({ type: verdict === 'allowed' ? 'assigned, entity allowed' : 'assigned', expiryMs });
  }

  #apply(register: Register): BindingChange | undefined {
    const { host, policy } = this.#home;
    return applyRegister(this.bindings, register, {
      nowUs: host.kernel.now,
      longestS: policy.longestRegistrationS,
      replace: policy.secondContact === 'replaces',
      nextId: () => `c${this.#bindingCount + 1}`,
    });
  }

  #take({ bindings, gone, touched }: BindingChange): void {
    const events = new Map<string, ContactEvent>(gone.map(({ binding, event }) => [binding.id, event]));
    if (touched !== undefined) events.set(touched.id, touched.event);
    if (touched?.event === 'registered') this.#bindingCount++;
    this.bindings = bindings;
    this.#change = { events, gone: gone.map(({ binding }) => binding) };
  }

  /** Takes all contacts away. */
  #release(event: ContactEvent): void {
    const gone = this.bindings;
    this.#change = { events: new Map(gone.map(({ id }) => [id, event])), gone };
    this.bindings = [];
  }

  #expiryMs(): number {
    const { now } = this.#home.host.kernel;
    return Math.min(...this.bindings.map((binding) => secondsLeft(binding, now))) * 1000;
  }

  #answerOk(): void {
    const register = this.#current;
    if (register === undefined) return;
    this.#current = undefined;
    const { host, homeDomain, respond, serviceRoute } = this.#home;
    if (register.claim !== undefined && this.credentials !== undefined) {
      this.credentials = { ...this.credentials, nonce: newNonce(host), count: 0 };
    }
    const headers = okHeaders({
      register,
      bindings: this.bindings,
      gone: this.#change.gone,
      impus: this.profile?.impus ?? [],
      serviceRoute: serviceRoute(this.token),
      homeDomain,
      nowUs: host.kernel.now,
      next: this.credentials,
    });
    respond(register.transaction, 200, headers);
  }

  #send(event: RegistrationEvent): void {
    this.#actor?.send(event);
  }
}

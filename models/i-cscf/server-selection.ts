/** An S-CSCF that users can be assigned to. */
export interface AvailableServer {
  /** SIP URI, as in Server-Name. */
  readonly name: string;
  /** Numbers of the capabilities it has, as the operator assigns them (TS 29.228 6.7). */
  readonly capabilities?: readonly number[];
}

/** What the HSS asks of an S-CSCF. */
export interface WantedServer {
  readonly mandatory: readonly number[];
  readonly optional: readonly number[];
  /** S-CSCFs that the HSS names. */
  readonly names: readonly string[];
}

/**
 * Chooses an S-CSCF: one that the HSS names, otherwise one with all mandatory capabilities and as many optional ones as can
 * be had; the first of equals (TS 29.228 6.7, TS 24.229 5.3.1.2).
 *
 * @returns its SIP URI, or `undefined` when none has what is mandatory
 */
export function selectServer(servers: readonly AvailableServer[], wanted: WantedServer): string | undefined {
  const able = servers.filter(({ capabilities = [] }) =>
    wanted.mandatory.every((number) => capabilities.includes(number)),
  );
  const named = wanted.names.find((name) => able.some((server) => server.name === name));
  if (named !== undefined) return named;
  let best: AvailableServer | undefined;
  let most = -1;
  for (const server of able) {
    const { capabilities = [] } = server;
    const count = wanted.optional.filter((number) => capabilities.includes(number)).length;
    if (count > most) [best, most] = [server, count];
  }
  return best?.name;
}

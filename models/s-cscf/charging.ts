import {
  type ChargingVector,
  parseChargingVector,
  type SipMessage,
  serializeChargingVector,
} from '../../src/wire/sip/index.js';

/** The P-Charging-Vector of a message; `undefined` when there is none that can be read. */
export function chargingVectorOf({ headers }: SipMessage): ChargingVector | undefined {
  const value = headers.get('p-charging-vector');
  if (value === undefined) return undefined;
  const vector = parseChargingVector(value);
  return vector.ok ? vector.value : undefined;
}

/**
 * Puts the networks of the next leg into the P-Charging-Vector that a message has; none is made (TS 24.229 7.2A.5).
 *
 * @param origIoi `Type 1` and a network between P-CSCF and S-CSCF, the network alone between S-CSCFs (TS 24.229 7.2A.5A)
 */
export function setIoi(message: SipMessage, origIoi: string | undefined, termIoi: string | undefined): void {
  const vector = chargingVectorOf(message);
  if (vector === undefined) return;
  const changed = { ...vector, origIoi, termIoi } as ChargingVector;
  message.headers.set('P-Charging-Vector', serializeChargingVector(changed));
}

/** The inter-operator identifier of a network towards or from a P-CSCF (TS 24.229 7.2A.5A). */
export function typeOne(network: string): string {
  return `Type 1${network}`;
}

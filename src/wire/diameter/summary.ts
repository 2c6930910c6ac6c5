import { avpValue, resultOf } from './avps.js';
import { commandName } from './commands.js';
import { type DiameterMessage, isRequest } from './message.js';

/**
 * A message in one line: a request by the identity it is about, an answer by its result.
 *
 * @example `UAR sip:user1_public1@home1.net`, `UAA DIAMETER_FIRST_REGISTRATION (2001)`, `CER scscf.home1.net`
 */
export function diameterSummary(message: DiameterMessage): string {
  const request = isRequest(message);
  const name = commandName(message) ?? `${request ? 'request' : 'answer'} ${message.command}`;
  if (!request) {
    const result = resultOf(message);
    if (result === undefined) return name;
    return result.name === undefined ? `${name} ${result.code}` : `${name} ${result.name} (${result.code})`;
  }
  const subject =
    avpValue(message, 'Public-Identity') ??
    avpValue(message, 'Wildcarded-Public-Identity') ??
    avpValue(message, 'User-Name') ??
    avpValue(message, 'Origin-Host');
  return subject === undefined ? name : `${name} ${subject}`;
}

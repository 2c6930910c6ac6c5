import type { Finding } from '../parsed.js';
import { type Extension, extensionType, findExtension } from './extension.js';
import type { HandshakeMessage } from './handshake-message.js';

const NULL_COMPRESSION = 0;
const UNCOMPRESSED_POINT = 0;
const MOST_SESSION_ID_BYTES = 32;
const VERIFY_DATA_BYTES = 12;

type Report = (what: string, where: string, rule: string) => void;

/** What is wrong with a message that could be read, by the rules that need no other message: owed illegal_parameter. */
export function validateHandshake(message: HandshakeMessage): Finding[] {
  const findings: Finding[] = [];
  const report: Report = (what, where, rule) => findings.push({ what, where, rule });
  switch (message.type) {
    case 'clientHello':
      if (message.cipherSuites.length === 0)
        report('no cipher suite is offered', 'cipher_suites', 'RFC 5246 7.4.1.2');
      if (!message.compressionMethods.includes(NULL_COMPRESSION))
        report('null compression is not offered', 'compression_methods', 'RFC 5246 7.4.1.2');
      validateHello(message, report);
      break;
    case 'serverHello':
      if (message.compressionMethod !== NULL_COMPRESSION)
        report('compression was not offered', 'compression_method', 'RFC 5246 7.4.1.3');
      validateHello(message, report);
      if ((findExtension(message.extensions, 'use_srtp')?.profiles.length ?? 1) !== 1)
        report('not exactly one profile is chosen', 'use_srtp', 'RFC 5764 4.1.1');
      break;
    case 'certificateRequest':
      if (message.certificateTypes.length === 0)
        report('no type of certificate is named', 'certificate_types', 'RFC 5246 7.4.4');
      break;
    case 'finished':
      if (message.verifyData.length !== VERIFY_DATA_BYTES)
        report('the verify data are not 12 bytes long', 'verify_data', 'RFC 5246 7.4.9');
      break;
    default:
  }
  return findings;
}

interface Hello {
  readonly sessionId: Uint8Array;
  readonly extensions?: readonly Extension[];
}

function validateHello({ sessionId, extensions = [] }: Hello, report: Report): void {
  if (sessionId.length > MOST_SESSION_ID_BYTES)
    report('the session identifier is longer than 32 bytes', 'session_id', 'RFC 5246 7.4.1.2');
  if (new Set(extensions.map(extensionType)).size < extensions.length)
    report('an extension is there twice', 'extensions', 'RFC 5246 7.4.1.4');
  const formats = findExtension(extensions, 'ec_point_formats')?.formats;
  if (formats?.includes(UNCOMPRESSED_POINT) === false)
    report('the uncompressed point format is missing', 'ec_point_formats', 'RFC 8422 5.1.2');
  if (findExtension(extensions, 'use_srtp')?.profiles.length === 0)
    report('no profile is named', 'use_srtp', 'RFC 5764 4.1.1');
}

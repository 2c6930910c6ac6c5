/**
 * The WebSocket protocol (RFC 6455): opening handshake over `wire/http`, frames, and the receiving half of a
 * connection. Others use the exports below; a sender needs `encodeFrame` and, as a client, four masking bytes a frame.
 *
 * Not supported: extensions (RFC 7692 compression); fragments of a text message are checked for UTF-8 when whole.
 */
export { CLOSE_CODE, type CloseStatus, decodeClose, encodeClose, mayBeSent } from './close.js';
export {
  applyMask,
  CONTROL_PAYLOAD_BYTES,
  encodeFrame,
  isControl,
  OPCODE,
  validateFrame,
  type WebSocketFrame,
} from './frame.js';
export {
  DEFAULT_MAX_PAYLOAD_BYTES,
  FrameParser,
  type FrameParserOptions,
  type FrameResult,
  type StreamedFrame,
  type WebSocketError,
} from './frame-parser.js';
export {
  acceptKey,
  type CheckedUpgrade,
  checkUpgradeRequest,
  checkUpgradeResponse,
  type UpgradeOffer,
  type UpgradeRefusal,
  type UpgradeRequestInit,
  upgradeRefusalResponse,
  upgradeRequest,
  upgradeResponse,
  webSocketKey,
} from './handshake.js';
export {
  type ReceiverOptions,
  type ReceiverResult,
  type WebSocketEvent,
  WebSocketReceiver,
} from './receiver.js';

/**
 * Turns a trace into something a person or a tool reads: a text ladder, a Mermaid or SVG sequence diagram, a capture.
 * Others use the `render` functions; `ladderOf` gives the rows that the three diagrams share.
 *
 * Not supported: PlantUML and HTML; slanted arrows; packets on TCP that belong to no message, which appear in captures
 * only; decryption of anything but the modelled TLS of `wire/tls-record`. DTLS is for the reader of a capture to decrypt, with the
 * secrets in it.
 */
export { renderKeyLog } from './key-log.js';
export {
  type Arrow,
  type Ladder,
  type LadderOptions,
  type LadderStep,
  type Lifeline,
  ladderOf,
  type Note,
  type ProtocolCount,
} from './ladder.js';
export { type MermaidOptions, renderMermaid } from './render-mermaid.js';
export { type PcapngOptions, renderPcapng } from './render-pcapng.js';
export { renderSvg, type SvgOptions } from './render-svg.js';
export { renderText, type TextOptions } from './render-text.js';
export { renderStatechart } from './statechart.js';

import { describe, expect, it } from 'vitest';
import { Trace } from '../trace/index.js';
import { parsePcapng, SECRETS_TLS_KEY_LOG } from '../wire/pcapng/index.js';
import { renderKeyLog } from './key-log.js';
import { renderPcapng } from './render-pcapng.js';

const LINE = `CLIENT_RANDOM ${'ab'.repeat(32)} ${'cd'.repeat(48)}`;
const OTHER = `CLIENT_RANDOM ${'12'.repeat(32)} ${'34'.repeat(48)}`;

function traceWith(...lines: string[]) {
  const trace = new Trace();
  for (const line of lines) trace.append(0, 0, 'wic', { kind: 'keys', protocol: 'DTLS', line });
  return trace;
}

describe('a key log', () => {
  it('has each line once, in order, whichever ends have recorded it', () => {
    expect(renderKeyLog(traceWith(LINE, OTHER, LINE))).toBe(`${LINE}\n${OTHER}\n`);
    expect(renderKeyLog(traceWith())).toBe('');
  });

  it('stands in the capture before the packets, unless nothing is to be decrypted', () => {
    const blocks = parsePcapng(renderPcapng(traceWith(LINE)));
    if (!blocks.ok) throw new Error(blocks.error.what);
    expect(blocks.value.filter(({ type }) => type === 'secrets')).toEqual([
      {
        type: 'secrets',
        secretsType: SECRETS_TLS_KEY_LOG,
        data: new TextEncoder().encode(`${LINE}\n`),
      },
    ]);
    const types = (trace: ReturnType<typeof traceWith>, decrypt: boolean) => {
      const read = parsePcapng(renderPcapng(trace, { decrypt }));
      return read.ok ? read.value.map(({ type }) => type) : [];
    };
    expect(types(traceWith(LINE), false)).not.toContain('secrets');
    expect(types(traceWith(), true)).not.toContain('secrets');
  });
});

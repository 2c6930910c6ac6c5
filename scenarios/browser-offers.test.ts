import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runScenario } from '../src/explore/index.js';
import { requireProgram } from '../src/testing/programs.js';
import type { Trace } from '../src/trace/index.js';
import { attribute, checkAnswer, parseSdp, type SessionDescription } from '../src/wire/sdp/index.js';
import { wicToImsUe } from './call/wic-to-ims-ue.js';

const fixtures = fileURLToPath(new URL('../src/wire/sdp/fixtures/chromium/', import.meta.url));
const judges = process.env.IMSLAB_JUDGES;
const chromium = requireProgram('chromium');

/** First offers of a browser that have an audio line. */
const offers = readdirSync(fixtures).filter((name) =>
  /^(audio|codec|no-stream|bundle|rtcpmux).*offer\.sdp$/.test(name),
);

/** The session description in the first message of that kind that the WIC got or sent. */
function descriptionAt(
  trace: Trace,
  kind: 'message.sent' | 'message.received',
  start: RegExp,
): SessionDescription {
  for (const { entity, body } of trace.events) {
    if (entity !== 'wic' || body.kind !== kind || body.message.protocol !== 'SIP') continue;
    const { text = '' } = body.message;
    const at = text.indexOf('\r\n\r\nv=0');
    if (at < 0 || !start.test(text)) continue;
    const read = parseSdp(text.slice(at + 4));
    if (read.ok) return read.value;
  }
  throw new Error(`the WIC has no ${kind} with a session description`);
}

describe('a real browser’s offer, given to the WIC', () => {
  it.each(offers)('%s runs through the call, and the answer is the gateway’s', (name) => {
    const offer = readFileSync(join(fixtures, name), 'utf8');
    const result = runScenario(wicToImsUe, { settings: { wic: { offer } } });
    expect(result.violations).toEqual([]);
    expect(result.verdict).toBe('pass');
    const trace = result.trace as Trace;
    const sent = descriptionAt(trace, 'message.sent', /^INVITE /);
    const got = descriptionAt(trace, 'message.received', /^SIP\/2\.0 (183|200)/);
    expect(checkAnswer(sent, got)).toEqual([]);
    expect(got.media).toHaveLength(sent.media.length);
    expect(attribute(got, 'group')).toBeUndefined();
    expect(got.media[0]?.connection?.address).toBe('192.0.2.10');
    expect(attribute(got.media[0] as NonNullable<(typeof got.media)[0]>, 'fingerprint')).toBeDefined();
  });

  it.skipIf(chromium === undefined || judges === undefined).each([['audio'], ['audio,video']])(
    'a living Chromium takes the answer to its own offer of %s',
    (media) => {
      const script = `
      import { readFileSync } from 'node:fs';
      import { findScenario, runScenario } from ${JSON.stringify(new URL('../dist/src/index.js', import.meta.url).href)};
      const { trace } = runScenario(findScenario('call/wic-to-ims-ue'), { settings: { wic: { offer: readFileSync(0, 'utf8') } } });
      const texts = trace.of('message.received').filter((e) => e.entity === 'wic').map((e) => e.body.message.text ?? '');
      const text = texts.find((one) => /^SIP\\/2\\.0 (183|200)/.test(one) && one.includes('v=0'));
      process.stdout.write(text.slice(text.indexOf('v=0')));
    `;
      const args = [
        join(judges ?? '', 'chromium-accepts'),
        '--media',
        media,
        '--',
        process.execPath,
        '--input-type=module',
        '-e',
        script,
      ];
      const verdict = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect(`${verdict.status} ${verdict.stdout}${verdict.stderr}`).toMatch(/^0 /);
    },
  );
});

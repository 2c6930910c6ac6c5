import { type Profiler, Session } from 'node:inspector';

/** Where the time of some work goes, in percent. */
export interface TimeShare {
  readonly xstate: number;
  readonly parsing: number;
  readonly serialising: number;
  readonly garbageCollection: number;
  readonly cryptography: number;
  readonly other: number;
}

const SAMPLE_EVERY_US = 200;

/** Runs `work` under the profiler of V8. */
export function timeShare(work: () => void): TimeShare {
  const session = new Session();
  session.connect();
  let profile: Profiler.Profile | undefined;
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US });
  session.post('Profiler.start');
  work();
  // a session of the same thread answers before `post` returns
  session.post('Profiler.stop', (error, result) => {
    if (error === null) profile = result.profile;
  });
  session.disconnect();
  if (profile === undefined) throw new Error('the profiler gave no profile');
  return sharesOf(profile);
}

type Part = keyof TimeShare;

function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): TimeShare {
  const parts = new Map<number, Part>();
  const label = (id: number, above: Part): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const part = partOf(node.callFrame, above);
    parts.set(id, part);
    for (const child of node.children ?? []) label(child, part);
  };
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const root = nodes[0];
  if (root !== undefined) label(root.id, 'other');
  const times = new Map<Part, number>();
  let total = 0;
  samples.forEach((sample, i) => {
    const time = timeDeltas[i] ?? 0;
    const part = parts.get(sample) ?? 'other';
    times.set(part, (times.get(part) ?? 0) + time);
    total += time;
  });
  const percent = (part: Part): number => Math.round((1000 * (times.get(part) ?? 0)) / total) / 10;
  return {
    xstate: percent('xstate'),
    parsing: percent('parsing'),
    serialising: percent('serialising'),
    garbageCollection: percent('garbageCollection'),
    cryptography: percent('cryptography'),
    other: percent('other'),
  };
}

/** What a function works for; a built-in or a helper works for whoever called it. */
function partOf({ functionName, url }: { functionName: string; url: string }, caller: Part): Part {
  if (functionName === '(garbage collector)') return 'garbageCollection';
  if (url.includes('/xstate/')) return 'xstate';
  if (url.includes('/@noble/') || url.includes('/src/crypto/')) return 'cryptography';
  if (url.includes('/src/wire/')) return wirePart(functionName, caller);
  return url === '' || url.startsWith('node:') ? caller : 'other';
}

/** In a codec, what is not written is read, judged or looked into. */
function wirePart(functionName: string, caller: Part): Part {
  if (/^(?:serialize|encode|write|put|build)/i.test(functionName)) return 'serialising';
  return caller === 'serialising' ? 'serialising' : 'parsing';
}

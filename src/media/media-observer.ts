import type { RtpPacket } from '../wire/rtp/index.js';
import type { RtpMap } from '../wire/sdp/index.js';
import { DIGITS, type DtmfFrame, type FrameIdentity, type MediaFrame } from './frame.js';
import { SequenceTracker } from './sequence-tracker.js';
import { type ReadPacket, StreamReader } from './stream-reader.js';

/** Frames of a source that were heard one after the other. */
export interface FrameRun {
  readonly from: number;
  /** The last of them. */
  readonly to: number;
  /** When the first of them came, in virtual microseconds. */
  readonly atUs: number;
}

/** What was heard or seen of a source. */
export interface SourceReport {
  readonly stream: number;
  readonly pitchHz: number;
  /** Different frames. */
  readonly frames: number;
  /** Frames between the first and the last that were not heard. */
  readonly missing: number;
  /** Frames that were heard again. */
  readonly repeated: number;
  /** Frames that were heard after ones that follow them. */
  readonly outOfOrder: number;
  /** All frames in the order in which they came; one run where nothing was missing or out of order. */
  readonly runs: readonly FrameRun[];
  readonly firstUs: number;
  readonly lastUs: number;
}

/** A telephone event. */
export interface EventHeard {
  /** RFC 4733 2.3.1. */
  readonly event: number;
  readonly atUs: number;
  /** How long it had lasted by the last report. */
  readonly durationMs: number;
  /** Whether its end was reported. */
  readonly ended: boolean;
}

/** A stretch in which nothing was said. */
export interface SilenceHeard {
  readonly atUs: number;
  readonly durationMs: number;
}

/** What came in on a stream. */
export interface MediaReport {
  /** Packets of agreed formats, with those that came twice. */
  readonly packets: number;
  /** Packets of each encoding. */
  readonly encodings: Readonly<Record<string, number>>;
  /** Packets that were expected by their sequence numbers and did not come (RFC 3550 A.3). */
  readonly lost: number;
  readonly duplicates: number;
  /** Packets that came after ones that follow them. */
  readonly late: number;
  /** Packets of payload types that were not agreed. */
  readonly foreign: number;
  /** Packets whose payload could not be read. */
  readonly malformed: number;
  /** Frames with an identity. Zero with packets tells that the far end sends something else, zero without them one-way media. */
  readonly frames: number;
  /** Frames of speech or pictures without one. */
  readonly unrecognised: number;
  readonly sources: readonly SourceReport[];
  /** The digits in the order in which they began. */
  readonly digits: string;
  readonly events: readonly EventHeard[];
  readonly silences: readonly SilenceHeard[];
  /** When the first and the last packet of an agreed format came, in virtual microseconds. */
  readonly firstUs: number | undefined;
  readonly lastUs: number | undefined;
}

interface Source {
  readonly identity: FrameIdentity;
  readonly numbers: SequenceTracker;
  readonly runs: { from: number; to: number; atUs: number }[];
  readonly firstUs: number;
  lastUs: number;
}

/** Gaps from this on between frames, with no packet missing, are silence that was not sent. */
const GAP_MS = 10;

/** Reports on an event whose start differs by less are on one event. */
const SAME_START_MS = 1;

/** Sources that are told apart; more are not recognised, so that garbage cannot fill the memory. */
const MAX_SOURCES = 64;

/** Hears a stream: tells which frames of which sources came, and what is wrong with them. */
export class MediaObserver {
  /** The mode that the far end wants to receive; absent until it asks for one. */
  modeRequest: number | undefined;
  readonly #reader: StreamReader;
  #packets = 0;
  #foreign = 0;
  #malformed = 0;
  #unrecognised = 0;
  /** What sources before the present SSRC lost, and so on. */
  readonly #before = { lost: 0, duplicates: 0, late: 0 };
  #tracker: SequenceTracker;
  readonly #encodings = new Map<string, number>();
  readonly #sources = new Map<number, Source>();
  readonly #events: { event: number; atUs: number; durationMs: number; ended: boolean; timeMs: number }[] =
    [];
  readonly #silences: { atUs: number; durationMs: number }[] = [];
  #firstUs: number | undefined;
  #lastUs: number | undefined;
  /** Where the last frame ended in the time of the sender; absent before the first. */
  #heardUntilMs: number | undefined;
  /** Where the present silence began. */
  #silentSinceMs: number | undefined;

  /** @param formats what was agreed for this direction */
  constructor(formats: readonly RtpMap[]) {
    this.#reader = new StreamReader(formats);
    this.#tracker = this.#reader.sequence;
  }

  /** @param nowUs virtual time, in microseconds */
  receive(packet: RtpPacket, nowUs: number): void {
    const read = this.#reader.read(packet);
    if (read.restarted) this.#restart();
    const { format } = read;
    if (format === undefined) {
      this.#foreign++;
      return;
    }
    this.#packets++;
    this.#firstUs ??= nowUs;
    this.#lastUs = nowUs;
    this.#encodings.set(format.encoding, (this.#encodings.get(format.encoding) ?? 0) + 1);
    if (read.error !== undefined) this.#malformed++;
    if (read.modeRequest !== undefined) this.modeRequest = read.modeRequest;
    for (const frame of read.frames) this.#hear(frame, read, nowUs);
  }

  #restart(): void {
    const { missing, duplicates, late } = this.#tracker;
    this.#before.lost += missing;
    this.#before.duplicates += duplicates;
    this.#before.late += late;
    this.#tracker = this.#reader.sequence;
    this.#heardUntilMs = undefined;
    this.#silentSinceMs = undefined;
  }

  #hear(frame: MediaFrame, { arrival }: ReadPacket, nowUs: number): void {
    if (frame.kind === 'dtmf') this.#report(frame, nowUs);
    else if (frame.kind !== 'silence') this.#identify(frame.identity, nowUs);
    if (frame.kind === 'video' || arrival.order !== 'new') return;
    if (frame.kind === 'silence') this.#silence(frame.timeMs, frame.durationMs, nowUs);
    else this.#sound(frame.timeMs, arrival.gap === 0, nowUs);
    // after a digit comes the repetition of its last report, which is not silence (RFC 4733 2.5.1.4)
    this.#heardUntilMs = frame.kind === 'dtmf' ? undefined : frame.timeMs + frame.durationMs;
  }

  #identify(identity: FrameIdentity | undefined, nowUs: number): void {
    if (identity === undefined) {
      this.#unrecognised++;
      return;
    }
    const { stream, number } = identity;
    let source = this.#sources.get(stream);
    if (source === undefined) {
      if (this.#sources.size === MAX_SOURCES) {
        this.#unrecognised++;
        return;
      }
      source = { identity, numbers: new SequenceTracker(24), runs: [], firstUs: nowUs, lastUs: nowUs };
      this.#sources.set(stream, source);
    }
    source.lastUs = nowUs;
    if (source.numbers.note(number).order === 'duplicate') return;
    const run = source.runs.at(-1);
    if (run !== undefined && run.to + 1 === number) run.to = number;
    else source.runs.push({ from: number, to: number, atUs: nowUs });
  }

  #report({ event, timeMs, durationMs, end }: DtmfFrame, nowUs: number): void {
    const known = this.#events.findLast(
      (one) => one.event === event && Math.abs(one.timeMs - timeMs) < SAME_START_MS,
    );
    if (known === undefined) {
      this.#events.push({ event, atUs: nowUs, durationMs, ended: end, timeMs });
      return;
    }
    known.durationMs = Math.max(known.durationMs, durationMs);
    known.ended ||= end;
  }

  #silence(timeMs: number, durationMs: number, nowUs: number): void {
    if (this.#silentSinceMs === undefined) {
      this.#silentSinceMs = timeMs;
      this.#silences.push({ atUs: nowUs, durationMs });
      return;
    }
    this.#lastSilence(timeMs + durationMs - this.#silentSinceMs);
  }

  #lastSilence(durationMs: number): void {
    const last = this.#silences.at(-1);
    if (last !== undefined) last.durationMs = Math.max(last.durationMs, durationMs);
  }

  /** Ends a silence, or finds one in which nothing at all was sent. */
  #sound(timeMs: number, contiguous: boolean, nowUs: number): void {
    const until = this.#heardUntilMs;
    if (this.#silentSinceMs !== undefined) this.#lastSilence(timeMs - this.#silentSinceMs);
    else if (contiguous && until !== undefined && timeMs - until >= GAP_MS) {
      this.#silences.push({ atUs: nowUs, durationMs: timeMs - until });
    }
    this.#silentSinceMs = undefined;
  }

  report(): MediaReport {
    const { missing, duplicates, late } = this.#tracker;
    const sources = [...this.#sources.values()].map(reportOf);
    return {
      packets: this.#packets,
      encodings: Object.fromEntries(this.#encodings),
      lost: this.#before.lost + missing,
      duplicates: this.#before.duplicates + duplicates,
      late: this.#before.late + late,
      foreign: this.#foreign,
      malformed: this.#malformed,
      frames: sources.reduce((sum, { frames }) => sum + frames, 0),
      unrecognised: this.#unrecognised,
      sources,
      digits: this.#events.map(({ event }) => DIGITS[event] ?? '').join(''),
      events: this.#events.map(({ event, atUs, durationMs, ended }) => ({ event, atUs, durationMs, ended })),
      silences: this.#silences.map((one) => ({ ...one })),
      firstUs: this.#firstUs,
      lastUs: this.#lastUs,
    };
  }
}

function reportOf({ identity, numbers, runs, firstUs, lastUs }: Source): SourceReport {
  const { received, missing, duplicates, late } = numbers;
  return {
    stream: identity.stream,
    pitchHz: identity.pitchHz,
    frames: received,
    missing,
    repeated: duplicates,
    outOfOrder: late,
    runs: runs.map((run) => ({ ...run })),
    firstUs,
    lastUs,
  };
}

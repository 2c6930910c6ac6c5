import type { MediaReport, SourceReport } from './media-observer.js';

/** A report in one line: `stream 7 at 440 Hz: frames 0 to 99; digits 42; 1 packet lost`. */
export function describeMedia(report: MediaReport): string {
  const parts = report.sources.map(describeSource);
  if (report.packets === 0) parts.push('nothing heard');
  const counted = (count: number, what: string): void => {
    if (count > 0) parts.push(`${count} ${what}`);
  };
  counted(report.unrecognised, 'frames not recognised');
  if (report.digits !== '') parts.push(`digits ${report.digits}`);
  if (report.silences.length > 0) {
    const total = report.silences.reduce((sum, { durationMs }) => sum + durationMs, 0);
    parts.push(`silent for ${Math.round(total)} ms`);
  }
  counted(report.lost, 'packets lost');
  counted(report.duplicates, 'packets twice');
  counted(report.late, 'packets late');
  counted(report.foreign, 'packets of formats not agreed');
  counted(report.malformed, 'packets not readable');
  return parts.join('; ');
}

/** How many runs are worth listing. */
const MAX_RUNS = 3;

function describeSource({ stream, pitchHz, runs, missing, repeated, outOfOrder }: SourceReport): string {
  const pitch = pitchHz === 0 ? '' : ` at ${pitchHz} Hz`;
  const listed = runs
    .slice(0, MAX_RUNS)
    .map(({ from, to }) => (from === to ? `${from}` : `${from} to ${to}`));
  const more = runs.length > MAX_RUNS ? ` and ${runs.length - MAX_RUNS} runs more` : '';
  const faults = [
    missing > 0 ? `${missing} missing` : '',
    repeated > 0 ? `${repeated} repeated` : '',
    outOfOrder > 0 ? `${outOfOrder} out of order` : '',
  ].filter((fault) => fault !== '');
  const tail = faults.length === 0 ? '' : ` (${faults.join(', ')})`;
  return `stream ${stream}${pitch}: frames ${listed.join(', ')}${more}${tail}`;
}

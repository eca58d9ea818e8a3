import { type Parsed, type Problem, parseInstant } from '../../base/index.ts';
import type { Trace } from './trace.ts';
import { type TracePoint, traceOfPoints } from './trace-of-points.ts';

const problemsShown = 5;

/**
 * Reads a trace from lines of a time and requests a second, with commas, semicolons or tabs between them, with or
 * without a line of titles. Times are ISO 8601, seconds or milliseconds since the epoch; further columns are left out.
 * Tells the first few lines that cannot be read, all at once.
 */
export function readTraceCsv(text: string, name: string): Parsed<Trace> {
  const problems: Problem[] = [];
  const points: TracePoint[] = [];
  let wrong = 0;
  const lines = text.split(/\r?\n/).map((line, index) => ({ line, number: index + 1 }));
  const filled = lines.filter(({ line }) => line.trim() !== '' && !line.startsWith('#'));
  for (const [at, { line, number }] of filled.entries()) {
    const point = readLine(line);
    if (point !== undefined) points.push(point);
    // A first line that has no number is a title.
    else if (at > 0 || /[,;\t]\s*-?[\d.]+\s*$/.test(line)) {
      if (wrong < problemsShown) problems.push({ path: [`line ${number}`], message: wrongLine(line) });
      wrong++;
    }
  }
  if (wrong > problemsShown)
    problems.push({ path: [], message: `${wrong - problemsShown} more lines cannot be read` });
  if (problems.length > 0) return { ok: false, problems };
  return traceOfPoints(points, name);
}

function readLine(line: string): TracePoint | undefined {
  const [time = '', rate = ''] = line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
  const atMs = readTime(time);
  const isGap = rate === '' || rate === 'NaN';
  const value = isGap ? Number.NaN : Number(rate);
  if (atMs === undefined || value < 0 || (!isGap && !Number.isFinite(value))) return undefined;
  return { atMs, value };
}

function wrongLine(line: string): string {
  const shown = line.length > 60 ? `${line.slice(0, 57)}…` : line;
  return `must be a time and requests a second, from 0, like 2026-06-06T12:00:00Z,120.5, got ${JSON.stringify(shown)}`;
}

/** Numbers below this are seconds: as milliseconds they would be of 1973 and before. */
const secondsMax = 1e11;

function readTime(text: string): number | undefined {
  const number = Number(text);
  if (text !== '' && Number.isFinite(number)) return number < secondsMax ? number * 1000 : number;
  // Without a zone it would be the local one of whoever reads it.
  return parseInstant(text) ?? parseInstant(`${text}Z`);
}

import { Cron } from 'croner';
import { type Mistake, Problem } from '../problems/index.ts';

/** When something comes again. */
export interface Rhythm {
  /** Milliseconds since the epoch; undefined where it comes no more. */
  next(afterMs: number): number | undefined;
}

/**
 * Reads a cron expression of five fields, in a time zone.
 *
 * @throws CONTROL_PLANE_REQUEST_INVALID
 */
export function readRhythm(cron: string, timezone: string): Rhythm {
  const mistakes = [
    ...(isTimezone(timezone) ? [] : [mistake('/timezone', 'is no time zone, like Europe/Berlin')]),
    ...mistakesOf(cron),
  ];
  if (mistakes.length > 0) throw invalid(mistakes);
  const rhythm = new Cron(cron, { timezone, paused: true });
  return { next: (afterMs) => rhythm.nextRun(new Date(afterMs))?.getTime() };
}

function mistakesOf(cron: string): Mistake[] {
  // The library reads seconds, years and names of its own too; a schedule of tests has no use for them.
  if (cron.trim().split(/\s+/).length !== 5)
    return [mistake('/cron', 'must have five fields, like 0 3 * * 1-5')];
  try {
    new Cron(cron, { paused: true });
    return [];
  } catch {
    return [mistake('/cron', 'is no cron expression, like 0 3 * * 1-5')];
  }
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function mistake(pointer: string, detail: string): Mistake {
  return { in: 'body', pointer, detail };
}

function invalid(errors: readonly Mistake[]): Problem {
  const told = errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
  return new Problem('CONTROL_PLANE_REQUEST_INVALID', `${told}.`, { errors });
}

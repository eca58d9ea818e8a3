import type { PauseDraft } from '../draft/scenario-draft.ts';
import type { Visit } from './redirects.ts';

/**
 * The pause before a request: from when everything before it was answered until it was sent. Requests that
 * ran side by side have none.
 */
export function pauseBefore(visits: readonly Visit[], at: number): PauseDraft[] {
  const visit = visits[at];
  if (visit === undefined || at === 0) return [];
  const busyUntilMs = visits
    .slice(Math.max(0, at - lookBehind), at)
    .reduce((end, each) => Math.max(end, each.endedMs), 0);
  const gapMs = visit.startedMs - busyUntilMs;
  if (gapMs <= shortestMs) return [];
  const durationMs = Math.min(
    gapMs < 10_000 ? Math.round(gapMs / 100) * 100 : Math.round(gapMs / 1000) * 1000,
    longestMs,
  );
  return [
    {
      kind: 'think',
      durationMs,
      notes: gapMs > longestMs ? [`In the recording it was ${Math.round(gapMs / 60_000)} minutes.`] : [],
    },
  ];
}

/** What is shorter is the browser's own work. */
const shortestMs = 300;
/** Nobody waits for a recording's lunch break. */
const longestMs = 300_000;
/** Of more requests than that at once, no browser waits for one. */
const lookBehind = 200;

import { type Calendar, formatDuration, type Occurrence, occurrencesBetween } from '../../base/index.ts';
import type { CalendarFloor, CalendarRule } from '../policy/rule.ts';
import type { Observation } from './observation.ts';
import type { Proposal } from './strategy.ts';

/** At least what a calendar asks for: during its events, and so long before them that it is there in time. Pure. */
export function proposeByCalendar({ floors }: CalendarRule, { wanted, atMs }: Observation): Proposal {
  const named = {
    metric: 'calendar',
    kind: 'calendar',
    isFloor: true,
    seen: undefined,
    ageMs: undefined,
    count: undefined,
    scaleOutAbove: undefined,
    scaleInBelow: undefined,
  } as const;
  const held = floors.flatMap((floor) => {
    const occurrence = nextOf(floor, atMs);
    return occurrence === undefined ? [] : [{ ...floor, occurrence }];
  });
  const [first, ...others] = held;
  if (first === undefined) return { ...named, says: 'stay', wants: 0, because: 'has nothing at present' };
  const highest = others.reduce((most, each) => (each.replicas > most.replicas ? each : most), first);
  const { name, replicas, occurrence } = highest;
  const when =
    occurrence.startMs <= atMs
      ? `, for another ${formatDuration(occurrence.endMs - atMs)}`
      : `, which begins in ${formatDuration(occurrence.startMs - atMs)}`;
  return {
    ...named,
    says: replicas > wanted ? 'more' : 'stay',
    wants: replicas,
    because: `holds at least ${replicas} for ${name}${when}`,
  };
}

/** What takes place now, or begins within the lead. */
function nextOf({ when, leadMs }: CalendarFloor, atMs: number): Occurrence | undefined {
  return occurrencesAround(when, atMs, leadMs).find(
    ({ startMs, endMs }) => startMs - leadMs <= atMs && endMs > atMs,
  );
}

const dayMs = 86_400_000;

/** Looked up for some days at once: a round asks for the same days as the one before. */
function occurrencesAround(when: Calendar, atMs: number, leadMs: number): readonly Occurrence[] {
  const known = lookedUp.get(when);
  if (known !== undefined && atMs >= known.fromMs && atMs + leadMs < known.toMs) return known.found;
  const [fromMs, toMs] = [atMs, atMs + leadMs + 7 * dayMs];
  const found = occurrencesBetween(when, fromMs, toMs);
  lookedUp.set(when, { fromMs, toMs, found });
  return found;
}

const lookedUp = new WeakMap<
  Calendar,
  { readonly fromMs: number; readonly toMs: number; readonly found: readonly Occurrence[] }
>();

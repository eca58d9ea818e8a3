import { type Calendar, writeCalendar } from '../../base/index.ts';
import type { FreezeWindow } from './policy.ts';
import type { CalendarFloor } from './rule.ts';

type Written = Readonly<Record<string, unknown>>;

/** The calendar of a policy as people write it; undefined where no day is unlike others. */
export function writePolicyCalendar(
  floors: readonly CalendarFloor[],
  freezes: readonly FreezeWindow[],
  inWords: (durationMs: number) => string,
): Written | undefined {
  const calendars: readonly Calendar[] = [...floors, ...freezes].map(({ when }) => when);
  const [first] = calendars;
  if (first === undefined) return undefined;
  const events = new Map(
    calendars.flatMap((calendar) => calendar.events).map((event) => [JSON.stringify(event), event]),
  );
  return {
    ...writeCalendar({ timeZone: first.timeZone, events: [...events.values()] }),
    ...(floors.length === 0
      ? {}
      : {
          floors: Object.fromEntries(
            floors.map(({ name, replicas, leadMs }) => [name, { replicas, lead: inWords(leadMs) }]),
          ),
        }),
    ...(freezes.length === 0
      ? {}
      : { freezes: Object.fromEntries(freezes.map(({ name, stops }) => [name, stops])) }),
  };
}

import { type Calendar, type Field, readCalendar } from '../../base/index.ts';
import type { FreezeWindow, ScalingPolicy } from './policy.ts';
import { policyKeys } from './policy-keys.ts';
import type { CalendarFloor } from './rule.ts';

/** What days that are unlike others mean for a group. */
export interface WrittenCalendar {
  readonly floors: readonly CalendarFloor[];
  readonly freezes: readonly FreezeWindow[];
}

const dayMs = 86_400_000;

/**
 * The events as `readCalendar` has them, and by their names what they mean:
 * `{ timeZone, events: […], floors: { launch: { replicas: 10, lead: 2h } }, freezes: { launch: everything } }`.
 */
export function readPolicyCalendar(field: Field, replicas: ScalingPolicy['replicas']): WrittenCalendar {
  const written = field.object(policyKeys.calendar);
  const { timeZone, events } = readCalendar(field.as(eventsAlone(field.value)));
  const eventNamed = (entry: Field, name: string): Calendar => {
    const named = events.filter((event) => event.name === name);
    if (named.length === 0)
      entry.problem(`must be the name of one of the events, got ${JSON.stringify(name)}`);
    return { timeZone, events: named };
  };
  const floors = written
    .optional('floors')
    ?.record((entry, name) => readFloor(entry, { name, when: eventNamed(entry, name), replicas }));
  const freezes = written.optional('freezes')?.record((entry, name) => ({
    name,
    when: eventNamed(entry, name),
    stops: entry.oneOf(['scale in', 'everything']),
  }));
  const meant = new Set([...(floors?.keys() ?? []), ...(freezes?.keys() ?? [])]);
  for (const [index, { name }] of events.entries())
    if (name !== '' && !meant.has(name))
      field
        .at('events')
        .at(index)
        .problem(`means nothing here: name ${JSON.stringify(name)} in floors or freezes`);
  return { floors: [...(floors?.values() ?? [])], freezes: [...(freezes?.values() ?? [])] };
}

/** What `readCalendar` knows. */
function eventsAlone(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { floors: _floors, freezes: _freezes, ...rest } = value as Record<string, unknown>;
  return rest;
}

function readFloor(
  field: Field,
  {
    name,
    when,
    replicas: { min, max },
  }: Pick<CalendarFloor, 'name' | 'when'> & { readonly replicas: ScalingPolicy['replicas'] },
): CalendarFloor {
  const floor = field.object(policyKeys.floor);
  const replicas = floor.required('replicas').number({ atLeast: 1, whole: true });
  if (replicas > max && max >= min)
    floor.required('replicas').problem(`must be at most the maximum, ${max}, got ${replicas}`);
  return { name, when, replicas, leadMs: floor.optional('lead')?.duration({ atMost: dayMs }) ?? 0 };
}

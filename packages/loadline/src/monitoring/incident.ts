import type { AlertState } from './alert-state.ts';
import type { Labels } from './labels.ts';
import type { NotifiedIncident } from './notification.ts';
import type { AlertPolicy, Severity } from './rule.ts';

/**
 * What people work on: alerts that belong together, from the first that was told until the last is over.
 *
 *     open ──▸ taken ──▸ resolved
 *       └────────────────▴            resolved without anybody
 */
export interface Incident {
  readonly id: string;
  readonly phase: 'open' | 'resolved';
  /** The labels that its first alert shares with those of its group. */
  readonly group: Labels;
  /** The label `service` of its first alert; empty where it has none. */
  readonly service: string;
  /** The worst that it was. */
  readonly severity: Severity;
  /** When the first limit was seen passed: before it was opened, by a rule's duration. */
  readonly startedAtMs: number;
  readonly openedAtMs: number;
  /** When an alert last joined it. */
  readonly joinedAtMs: number;
  readonly resolvedAtMs: number | undefined;
  readonly taken: { readonly by: string; readonly atMs: number } | undefined;
  /** How often it was passed on because nobody took it. */
  readonly level: number;
  /** Those that fire, and the newest of those that are over, as far as there is room; whoever has changed last stands last. */
  readonly alerts: readonly IncidentAlert[];
  /** Fingerprints of those that fire and have no room there: the incident lasts as long as they do. */
  readonly unlisted: readonly string[];
  /** Alerts that are over and have no room any more. */
  readonly alertsLeftOut: number;
  /** At most 20. */
  readonly runbooks: readonly string[];
  readonly timeline: readonly TimelineEntry[];
  /** Entries that the timeline has no room for: of more than it has, it keeps the first and the newest. */
  readonly timelineLeftOut: number;
}

/** An alert as its incident lists it; it fires until `resolvedAtMs`. */
export interface IncidentAlert {
  readonly fingerprint: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly resolvedAtMs: number | undefined;
}

/** Something that happened to an incident, in words. Notes of people are cut after 2,000 characters. */
export interface TimelineEntry {
  readonly atMs: number;
  /** A person, or `loadline`. */
  readonly by: string;
  readonly what: 'opened' | 'alert' | 'taken' | 'note' | 'escalated' | 'resolved';
  readonly text: string;
}

/**
 * Ends what is over: an alert that fires no longer, whether or not anybody heard of its end, and an incident whose
 * alerts are all over.
 */
export function resolveIncidents(
  incidents: readonly Incident[],
  states: readonly AlertState[],
  nowMs: number,
): Incident[] {
  const firing = new Set(
    states.filter(({ phase }) => phase === 'firing').map(({ fingerprint }) => fingerprint),
  );
  return incidents.map((incident) => {
    if (incident.phase === 'resolved') return incident;
    const after = endAlerts(incident, firing, nowMs);
    const isOver =
      after.unlisted.length === 0 && after.alerts.every((each) => each.resolvedAtMs !== undefined);
    if (!isOver) return after;
    const startedAtMs = Math.min(incident.startedAtMs, nowMs);
    const text = `resolved after ${Math.round((nowMs - startedAtMs) / 1000)} s`;
    const noted = withEntries(after, [{ atMs: nowMs, by: 'loadline', what: 'resolved', text }]);
    return { ...noted, phase: 'resolved', startedAtMs, resolvedAtMs: nowMs };
  });
}

/** The same incident where all fire on that fired before. */
function endAlerts(incident: Incident, firing: ReadonlySet<string>, nowMs: number): Incident {
  const hasEnded = ({ fingerprint, resolvedAtMs }: IncidentAlert): boolean =>
    resolvedAtMs === undefined && !firing.has(fingerprint);
  const unlisted = incident.unlisted.filter((fingerprint) => firing.has(fingerprint));
  const ended = incident.unlisted.length - unlisted.length;
  if (ended === 0 && !incident.alerts.some(hasEnded)) return incident;
  return {
    ...incident,
    alerts: incident.alerts.map((each) => (hasEnded(each) ? { ...each, resolvedAtMs: nowMs } : each)),
    unlisted,
    alertsLeftOut: incident.alertsLeftOut + ended,
  };
}

/** Every alert that is known by name to be part of it. */
export function fingerprintsOf({
  alerts,
  unlisted,
}: Pick<Incident, 'alerts' | 'unlisted'>): readonly string[] {
  return [...alerts.map(({ fingerprint }) => fingerprint), ...unlisted];
}

/**
 * Passes on what nobody took in time: one level for each time that has passed.
 *
 * @param isTold whether an alert may be told: as long as a silence holds for all of an incident, it is not passed on.
 */
export function escalateIncidents(
  incidents: readonly Incident[],
  isTold: (fingerprint: string) => boolean,
  { escalateAfterMs }: Pick<AlertPolicy, 'escalateAfterMs'>,
  nowMs: number,
): Incident[] {
  return incidents.map((incident) => {
    if (incident.phase === 'resolved' || incident.taken !== undefined) return incident;
    // By a clock that was set back, it would be called for later by as much.
    if (incident.openedAtMs > nowMs) return { ...incident, openedAtMs: nowMs };
    const level = escalateAfterMs.filter((afterMs) => nowMs - incident.openedAtMs >= afterMs).length;
    if (level <= incident.level || !fingerprintsOf(incident).some(isTold)) return incident;
    const text = `nobody took it: level ${level}`;
    return { ...withEntries(incident, [{ atMs: nowMs, by: 'loadline', what: 'escalated', text }]), level };
  });
}

/** Somebody has it now. Who takes it from somebody else is noted; when it was first taken stays. */
export function takeIncident(
  incident: Incident,
  { by, atMs }: { readonly by: string; readonly atMs: number },
): Incident {
  if (incident.taken?.by === by) return incident;
  const text = incident.taken === undefined ? 'taken' : `taken from ${incident.taken.by}`;
  return {
    ...withEntries(incident, [{ atMs, by, what: 'taken', text }]),
    taken: { by, atMs: incident.taken?.atMs ?? atMs },
  };
}

/** What somebody has found or done, at most 2,000 letters of it. */
export function noteIncident(
  incident: Incident,
  { by, atMs, text }: { readonly by: string; readonly atMs: number; readonly text: string },
): Incident {
  // Cut through a character, a text would have half of one, which PostgreSQL refuses.
  return withEntries(incident, [{ atMs, by, what: 'note', text: text.slice(0, 2000).toWellFormed() }]);
}

/** From its opening to its being taken; undefined where nobody has, and 0 where somebody knew of its alert before. */
export function timeToAcknowledgeMs({
  openedAtMs,
  taken,
}: Pick<Incident, 'openedAtMs' | 'taken'>): number | undefined {
  return taken === undefined ? undefined : Math.max(0, taken.atMs - openedAtMs);
}

/** From the first sign of trouble to the last alert's end; undefined while it lasts. */
export function timeToRecoveryMs({
  startedAtMs,
  resolvedAtMs,
}: Pick<Incident, 'startedAtMs' | 'resolvedAtMs'>): number | undefined {
  return resolvedAtMs === undefined ? undefined : resolvedAtMs - startedAtMs;
}

/** An incident as a notification names it. */
export function nameIncident({ id, level, taken }: Incident): NotifiedIncident {
  return { id, level, takenBy: taken?.by };
}

/** Of more entries than there is room for, the first and the newest. */
export function withEntries(incident: Incident, entries: readonly TimelineEntry[]): Incident {
  const all = [...incident.timeline, ...entries];
  const [first, ...others] = all;
  if (first === undefined) return incident;
  const kept = newestWithin(others, {
    countMax: timelineMax - 1,
    lengthMax: timelineLengthMax,
    lengthOf: ({ by, text }) => by.length + text.length,
  });
  return {
    ...incident,
    timeline: [first, ...kept],
    timelineLeftOut: incident.timelineLeftOut + others.length - kept.length,
  };
}

/** The last of them, as many as there is room for: of items, and of letters in all. */
export function newestWithin<Item>(
  items: readonly Item[],
  room: {
    readonly countMax: number;
    readonly lengthMax: number;
    readonly lengthOf: (item: Item) => number;
  },
): readonly Item[] {
  let length = 0;
  let from = items.length;
  while (from > 0 && items.length - from < room.countMax) {
    length += room.lengthOf(items[from - 1] as Item);
    if (length > room.lengthMax) break;
    from--;
  }
  return items.slice(from);
}

/** With its alerts an incident stays below the megabyte that a store takes, also where each letter has three bytes. */
const timelineMax = 500;
const timelineLengthMax = 100_000;

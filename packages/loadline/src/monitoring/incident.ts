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
  readonly alerts: readonly IncidentAlert[];
  readonly runbooks: readonly string[];
  readonly timeline: readonly TimelineEntry[];
  /** Entries that the timeline has no room for: of more than 500 it keeps the first and the newest. */
  readonly timelineLeftOut: number;
}

export interface IncidentAlert {
  readonly fingerprint: string;
  readonly rule: string;
  readonly labels: Labels;
  readonly resolvedAtMs: number | undefined;
}

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
    const isStale = incident.alerts.some(
      (each) => each.resolvedAtMs === undefined && !firing.has(each.fingerprint),
    );
    const alerts = isStale
      ? incident.alerts.map((each) =>
          each.resolvedAtMs === undefined && !firing.has(each.fingerprint)
            ? { ...each, resolvedAtMs: nowMs }
            : each,
        )
      : incident.alerts;
    const isOver = alerts.every(({ resolvedAtMs }) => resolvedAtMs !== undefined);
    if (!isOver) return isStale ? { ...incident, alerts } : incident;
    const startedAtMs = Math.min(incident.startedAtMs, nowMs);
    const text = `resolved after ${Math.round((nowMs - startedAtMs) / 1000)} s`;
    const noted = withEntries(incident, [{ atMs: nowMs, by: 'loadline', what: 'resolved', text }]);
    return { ...noted, alerts, phase: 'resolved', startedAtMs, resolvedAtMs: nowMs };
  });
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
    if (level <= incident.level || !incident.alerts.some(({ fingerprint }) => isTold(fingerprint)))
      return incident;
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

/** Of more than 500 entries, the first and the newest. */
export function withEntries(incident: Incident, entries: readonly TimelineEntry[]): Incident {
  const timeline = [...incident.timeline, ...entries];
  const surplus = timeline.length - timelineMax;
  if (surplus <= 0) return { ...incident, timeline };
  return {
    ...incident,
    timeline: [timeline[0] as TimelineEntry, ...timeline.slice(1 + surplus)],
    timelineLeftOut: incident.timelineLeftOut + surplus,
  };
}

const timelineMax = 500;

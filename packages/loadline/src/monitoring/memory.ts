import type { AlertState } from './alert-state.ts';
import type { Incident } from './incident.ts';
import { labelsKey } from './labels.ts';
import type { Notification } from './notification.ts';
import type { MonitorState } from './round.ts';
import { severities } from './rule.ts';
import type { Silence } from './silence.ts';

/** Where a monitor keeps what a restart must not lose. The port; values only, every one fit for JSON. */
export interface MonitorMemory {
  /** Open incidents are enough of the incidents. */
  load(): Promise<Remembered>;
  /** All of them or none, in their order. The same change may come twice. */
  save(changes: readonly Change[]): Promise<void>;
}

/** What a monitor goes on with after a restart. */
export interface Remembered extends MonitorState {
  /** What was on its way when the monitor ended. */
  readonly notifications: readonly Notification[];
}

/** A value to be kept under its kind and id, or undefined where it is to be forgotten. */
export type Change =
  | { readonly kind: 'alert'; readonly id: string; readonly value: AlertState | undefined }
  | { readonly kind: 'incident'; readonly id: string; readonly value: Incident }
  | { readonly kind: 'silence'; readonly id: string; readonly value: Silence | undefined }
  | { readonly kind: 'notification'; readonly id: string; readonly value: Notification | undefined };

/**
 * What must be saved for `after` to be remembered. The newest value of an alert is left out, or else every alert would
 * be written every time. An incident that is over stays where it was saved.
 */
export function changesBetween(before: MonitorState, after: MonitorState): Change[] {
  const silences = new Set(after.silences.map(({ id }) => id));
  const known = new Map(before.incidents.map((incident) => [incident.id, incident]));
  const knownSilences = new Set(before.silences.map(({ id }) => id));
  return [
    ...alertChanges(before.alerts, after.alerts),
    ...after.incidents
      .filter((incident) => known.get(incident.id) !== incident)
      .map((value): Change => ({ kind: 'incident', id: value.id, value })),
    ...after.silences
      .filter(({ id }) => !knownSilences.has(id))
      .map((value): Change => ({ kind: 'silence', id: value.id, value })),
    ...before.silences
      .filter(({ id }) => !silences.has(id))
      .map(({ id }): Change => ({ kind: 'silence', id, value: undefined })),
  ];
}

function alertChanges(before: readonly AlertState[], after: readonly AlertState[]): Change[] {
  const known = new Map(before.map((alert) => [alert.fingerprint, alert]));
  const changes: Change[] = [];
  for (const value of after) {
    const old = known.get(value.fingerprint);
    known.delete(value.fingerprint);
    if (old === undefined || isWorthSaving(old, value))
      changes.push({ kind: 'alert', id: value.fingerprint, value });
  }
  for (const id of known.keys()) changes.push({ kind: 'alert', id, value: undefined });
  return changes;
}

function isWorthSaving(a: AlertState, b: AlertState): boolean {
  if (a === b) return false;
  const isSame =
    a.phase === b.phase &&
    a.severity === b.severity &&
    a.startedAtMs === b.startedAtMs &&
    a.firedAtMs === b.firedAtMs &&
    a.limit === b.limit &&
    a.runbook === b.runbook &&
    a.silencedBy === b.silencedBy &&
    a.announced?.atMs === b.announced?.atMs &&
    a.acknowledged?.atMs === b.acknowledged?.atMs &&
    a.acknowledged?.by === b.acknowledged?.by &&
    isSeenAlike(a, b) &&
    severities.every(
      (severity) =>
        a.levels[severity]?.sinceMs === b.levels[severity]?.sinceMs &&
        a.levels[severity]?.isActive === b.levels[severity]?.isActive,
    ) &&
    labelsKey(a.labels) === labelsKey(b.labels);
  return !isSame;
}

/**
 * How exactly it is remembered when a series was last seen: to the hour, since after a day it is forgotten; to the minute
 * while something is pending, which begins anew after five without a reading.
 */
function isSeenAlike(a: AlertState, b: AlertState): boolean {
  const isPending = Object.values(b.levels).some(({ isActive }) => !isActive);
  const grainMs = isPending ? 60_000 : 3_600_000;
  return Math.floor(a.seenAtMs / grainMs) === Math.floor(b.seenAtMs / grainMs);
}

/** Remembers within this process: for tests, and for those who accept that a restart fires everything anew. */
export function createMonitorMemory(): MonitorMemory & { readonly kept: () => Remembered } {
  const alerts = new Map<string, AlertState>();
  const incidents = new Map<string, Incident>();
  const silences = new Map<string, Silence>();
  const notifications = new Map<string, Notification>();
  const kept = (): Remembered => ({
    alerts: [...alerts.values()],
    incidents: [...incidents.values()].filter(({ phase }) => phase === 'open'),
    silences: [...silences.values()],
    notifications: [...notifications.values()],
  });
  const put = <Value>(map: Map<string, Value>, id: string, value: Value | undefined): void => {
    if (value === undefined) map.delete(id);
    else map.set(id, value);
  };
  return {
    kept,
    // As from a real store: what comes back is no object of whoever saved it.
    load: async () => JSON.parse(JSON.stringify(kept())) as Remembered,
    async save(changes) {
      for (const change of changes) {
        if (change.kind === 'alert') put(alerts, change.id, change.value);
        else if (change.kind === 'incident') put(incidents, change.id, openOrNothing(change.value));
        else if (change.kind === 'silence') put(silences, change.id, change.value);
        else put(notifications, change.id, change.value);
      }
    },
  };
}

/** In memory there is no room for all incidents that ever were. */
function openOrNothing(incident: Incident): Incident | undefined {
  return incident.phase === 'open' ? incident : undefined;
}

import type { LoadlineError } from '../base/index.ts';
import { monitoringError } from './errors.ts';
import { fingerprintsOf, type Incident, noteIncident, takeIncident } from './incident.ts';
import { digest } from './labels.ts';
import type { MonitorState } from './round.ts';
import type { Silence } from './silence.ts';

/** Who did something, and when. */
export interface Act {
  readonly by: string;
  readonly atMs: number;
}

/**
 * Somebody knows of an alert: it is not repeated, and its incident is taken by whoever was first. Pure, as all here.
 *
 * @throws MONITORING_ALERT_UNKNOWN
 */
export function acknowledgeAlert(state: MonitorState, fingerprint: string, act: Act): MonitorState {
  const alert = state.alerts.find((each) => each.fingerprint === fingerprint && each.phase !== 'ok');
  if (alert === undefined) {
    throw monitoringError(
      'MONITORING_ALERT_UNKNOWN',
      'Cannot acknowledge the alert: none of this fingerprint is pending or firing. List the alerts anew.',
      { facts: { fingerprint } },
    );
  }
  return {
    ...state,
    alerts: acknowledged(state, new Set([fingerprint]), act),
    incidents: state.incidents.map((incident) =>
      incident.phase === 'open' && incident.taken === undefined && holds(incident, fingerprint)
        ? takeIncident(incident, act)
        : incident,
    ),
  };
}

/**
 * Somebody works on an incident: nobody else is called, and its alerts are acknowledged.
 *
 * @throws MONITORING_INCIDENT_UNKNOWN
 */
export function takeIncidentOf(state: MonitorState, id: string, act: Act): MonitorState {
  const incident = state.incidents.find((each) => each.id === id && each.phase === 'open');
  if (incident === undefined)
    throw unknownIncident(id, 'Cannot take the incident: there is none of this id, or it is resolved.');
  const own = new Set(fingerprintsOf(incident));
  return {
    ...state,
    alerts: acknowledged(state, own, act),
    incidents: replaced(state, takeIncident(incident, act)),
  };
}

/**
 * Adds what somebody has found to the timeline, also within the hour after the incident's end.
 *
 * @throws MONITORING_INCIDENT_UNKNOWN
 */
export function noteOnIncident(
  state: MonitorState,
  id: string,
  note: Act & { readonly text: string },
): MonitorState {
  const incident = state.incidents.find((each) => each.id === id);
  if (incident === undefined)
    throw unknownIncident(
      id,
      'Cannot add to the incident: there is none of this id, or it was resolved more than an hour ago.',
    );
  return { ...state, incidents: replaced(state, noteIncident(incident, note)) };
}

/**
 * At most 1,000 at a time. The same silence asked for twice is one.
 *
 * @throws MONITORING_SILENCES_FULL
 */
export function addSilence(
  state: MonitorState,
  asked: Omit<Silence, 'id'>,
): { readonly state: MonitorState; readonly silence: Silence } {
  const id = digest(JSON.stringify([asked.by, asked.why, asked.fromMs, asked.untilMs, asked.match]), 16);
  const silence: Silence = { id, ...asked };
  const others = state.silences.filter((each) => each.id !== id);
  if (others.length >= silencesMax) {
    throw monitoringError(
      'MONITORING_SILENCES_FULL',
      `Cannot add a silence: there are ${others.length} already. End some of them.`,
      { facts: { silencesMax } },
    );
  }
  return { silence, state: { ...state, silences: [...others, silence] } };
}

const silencesMax = 1000;

/**
 * Ends a silence before its time.
 *
 * @throws MONITORING_SILENCE_UNKNOWN
 */
export function endSilence(state: MonitorState, id: string): MonitorState {
  if (!state.silences.some((silence) => silence.id === id)) {
    throw monitoringError(
      'MONITORING_SILENCE_UNKNOWN',
      'Cannot end the silence: there is none of this id. It may have ended by itself.',
      { facts: { id } },
    );
  }
  return { ...state, silences: state.silences.filter((silence) => silence.id !== id) };
}

function acknowledged(
  { alerts }: MonitorState,
  fingerprints: ReadonlySet<string>,
  { by, atMs }: Act,
): MonitorState['alerts'] {
  return alerts.map((alert) =>
    fingerprints.has(alert.fingerprint) && alert.phase !== 'ok'
      ? { ...alert, acknowledged: { by, atMs } }
      : alert,
  );
}

function unknownIncident(id: string, what: string): LoadlineError {
  return monitoringError('MONITORING_INCIDENT_UNKNOWN', `${what} List the incidents anew.`, {
    facts: { id },
  });
}

function replaced({ incidents }: MonitorState, incident: Incident): readonly Incident[] {
  return incidents.map((each) => (each.id === incident.id ? incident : each));
}

function holds(incident: Incident, fingerprint: string): boolean {
  return fingerprintsOf(incident).includes(fingerprint);
}

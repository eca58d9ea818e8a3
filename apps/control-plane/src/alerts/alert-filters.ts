import type { AlertState } from 'loadline/monitoring';
import type { IncidentNote } from './incident-book.ts';

export interface AlertFilter {
  readonly state?: string | undefined;
  readonly severity?: string | undefined;
  readonly rule?: string | undefined;
  readonly service?: string | undefined;
  readonly silenced?: boolean | undefined;
}

export interface IncidentFilter {
  readonly state?: string | undefined;
  readonly severity?: string | undefined;
  readonly service?: string | undefined;
  readonly taken?: boolean | undefined;
}

/** Whether an alert is pending or firing, and one that was asked for. Pure. */
export function fitsAlert(
  { phase, severity, rule, labels, silencedBy }: AlertState,
  filter: AlertFilter,
): boolean {
  return (
    phase !== 'ok' &&
    (filter.state === undefined || phase === filter.state) &&
    (filter.severity === undefined || severity === filter.severity) &&
    (filter.rule === undefined || rule === filter.rule) &&
    (filter.service === undefined || labels.service === filter.service) &&
    (filter.silenced === undefined || (silencedBy !== undefined) === filter.silenced)
  );
}

export function fitsIncident(
  { phase, severity, service, taken }: IncidentNote,
  filter: IncidentFilter,
): boolean {
  return (
    (filter.state === undefined || phase === filter.state) &&
    (filter.severity === undefined || severity === filter.severity) &&
    (filter.service === undefined || service === filter.service) &&
    (filter.taken === undefined || (taken !== undefined) === filter.taken)
  );
}

import type { Incident } from 'loadline/monitoring';

/** An incident without what makes it long. */
export interface IncidentNote
  extends Omit<Incident, 'alerts' | 'unlisted' | 'alertsLeftOut' | 'timeline' | 'timelineLeftOut'> {
  readonly alertCount: number;
  readonly firingCount: number;
}

/** So many that are over are kept; the oldest go first. */
const resolvedMax = 1000;

/** Every incident that is kept, in short; the whole of one is in the store. */
export class IncidentBook {
  readonly #notes = new Map<string, IncidentNote>();

  constructor(incidents: readonly Incident[]) {
    this.note(incidents, []);
  }

  /** These, instead of all that were there. */
  replace(incidents: readonly Incident[]): void {
    this.#notes.clear();
    this.note(incidents, []);
  }

  /** The newest first. */
  all(): readonly IncidentNote[] {
    return [...this.#notes.values()].toSorted(byAge);
  }

  get(id: string): IncidentNote | undefined {
    return this.#notes.get(id);
  }

  /** Those that have no room any more once these are added. */
  surplusWith(incidents: readonly Incident[]): readonly IncidentNote[] {
    if (incidents.length === 0) return [];
    const all = new Map(this.#notes);
    for (const incident of incidents) all.set(incident.id, noteOf(incident));
    return [...all.values()]
      .filter(({ phase }) => phase === 'resolved')
      .toSorted(byAge)
      .slice(resolvedMax);
  }

  note(incidents: readonly Incident[], gone: readonly IncidentNote[]): void {
    for (const incident of incidents) this.#notes.set(incident.id, noteOf(incident));
    for (const { id } of gone) this.#notes.delete(id);
  }
}

export function noteOf(incident: Incident): IncidentNote {
  const { alerts, unlisted, alertsLeftOut, timeline: _, timelineLeftOut: __, ...note } = incident;
  const firing = alerts.filter(({ resolvedAtMs }) => resolvedAtMs === undefined);
  return {
    ...note,
    alertCount: alerts.length + unlisted.length + alertsLeftOut,
    firingCount: firing.length + unlisted.length,
  };
}

function byAge(a: IncidentNote, b: IncidentNote): number {
  return b.openedAtMs - a.openedAtMs || (a.id < b.id ? -1 : 1);
}

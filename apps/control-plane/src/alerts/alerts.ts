import type { Clock } from 'loadline/base';
import {
  type AlertPolicy,
  type AlertState,
  Dispatcher,
  type Incident,
  Monitor,
  type MonitorReport,
  type MonitorState,
  type NotifierRoute,
  parseSilence,
  type Remembered,
  type Round,
  type Silence,
} from 'loadline/monitoring';
import type { Store } from 'loadline/store';
import {
  type AlertRuleOrder,
  type AlertRuleView,
  type AlertView,
  type IncidentView,
  type SilenceView,
  timeOf,
} from '../contract/index.ts';
import { Problem, unknownThing } from '../problems/index.ts';
import { SharedAnswers } from '../sharing/index.ts';
import { type AlertFilter, fitsAlert, fitsIncident, type IncidentFilter } from './alert-filters.ts';
import { alertViewOf, incidentDetailOf, incidentViewOf, ruleViewOf, silenceViewOf } from './alert-views.ts';
import { noteOf } from './incident-book.ts';
import { alone, assertJudge, type Judgeship, partOf } from './judgeship.ts';
import { type PageOf, pageOf } from './page-of.ts';
import { orRefusal } from './refusals.ts';
import { RuleBook, type RuleChange, wrongRule } from './rule-book.ts';
import { createStoreReadings, type StoreReadings } from './store-alert-readings.ts';
import { openStoreMonitorMemory, type StoreMonitorMemory } from './store-monitor-memory.ts';

export interface AlertsOptions {
  readonly clock: Clock;
  readonly store: Pick<Store, 'metrics' | 'documents'>;
  /** Presets and the rules of a file. */
  readonly base: AlertPolicy;
  readonly routes: readonly NotifierRoute[];
  readonly onFailure: (error: unknown) => void;
  /** Hears of each step of an alert. */
  readonly onChange: (change: AlertStep) => void;
  /** Of several control planes of a database one judges; default: this one does. */
  readonly judgeship?: Judgeship;
}

/** A step of an alert, as the live stream tells it. */
export interface AlertStep {
  readonly change: Round['transitions'][number]['kind'];
  readonly at: string;
  readonly reason: string;
  readonly alert: AlertView;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** What could not be done as it should, since the start. */
export interface AlertsReport extends MonitorReport {
  readonly leftOut: number;
  readonly tooLarge: number;
}

/**
 * Watches what is measured by rules, tells whoever should know, and knows who works on it. Of several control planes of a
 * database one does all that; the others show what it has remembered, and change nothing.
 */
export class Alerts {
  readonly #clock: Clock;
  readonly #rules: RuleBook;
  readonly #memory: StoreMonitorMemory;
  readonly #readings: StoreReadings;
  readonly #monitor: Monitor;
  readonly #judgeship: Judgeship;
  readonly #remembered: SharedAnswers<MonitorState>;

  private constructor(options: AlertsOptions, rules: RuleBook, memory: StoreMonitorMemory) {
    const { clock, store, routes, onChange, judgeship = alone } = options;
    this.#judgeship = judgeship;
    this.#remembered = new SharedAnswers({ clock, keptMs: rememberedMs });
    this.#clock = clock;
    this.#rules = rules;
    this.#memory = memory;
    this.#readings = createStoreReadings(store.metrics);
    this.#monitor = new Monitor({
      clock,
      policy: rules.policy,
      source: this.#readings,
      memory: { load: () => this.#takeOver(), save: (changes) => memory.save(changes) },
      partNow: () => partOf(judgeship),
      dispatcher: new Dispatcher({ clock, routes }),
      onRound: ({ transitions }) => {
        for (const { kind, alert, atMs, reason } of transitions)
          onChange({
            change: kind,
            at: timeOf(atMs),
            reason,
            alert: viewIn(this.#monitor.state, alert),
          });
      },
    });
  }

  /** Takes up what was, and begins to look. */
  static async open(options: AlertsOptions): Promise<Alerts> {
    const { documents } = options.store;
    const isJudge = (options.judgeship ?? alone).standing === 'held';
    const rules = await RuleBook.open({ documents, base: options.base, onFailure: options.onFailure });
    const alerts = new Alerts(options, rules, await openStoreMonitorMemory(documents, { isJudge }));
    alerts.#monitor.start();
    return alerts;
  }

  async list(filter: AlertFilter, page: PageRequest): Promise<PageOf<AlertView>> {
    const state = await this.#state();
    const found = state.alerts.filter((alert) => fitsAlert(alert, filter));
    const placeOf = ({ startedAtMs = 0, fingerprint }: AlertState) => ({
      atMs: startedAtMs,
      id: fingerprint,
    });
    const { items, nextCursor } = orWrongCursor(pageOf(found, placeOf, page));
    return { items: items.map((alert) => viewIn(state, alert)), nextCursor };
  }

  /** @throws CONTROL_PLANE_NOT_FOUND where it is neither pending nor firing. */
  async get(fingerprint: string): Promise<AlertView> {
    const state = await this.#state();
    const found = state.alerts.find((alert) => alert.fingerprint === fingerprint && alert.phase !== 'ok');
    if (found === undefined) throw unknownThing('alert');
    return viewIn(state, found);
  }

  async acknowledge(fingerprint: string, by: string): Promise<AlertView> {
    assertJudge(this.#judgeship);
    await orRefusal(this.#monitor.acknowledge(fingerprint, by));
    return this.get(fingerprint);
  }

  async rules(): Promise<readonly AlertRuleView[]> {
    await this.#state();
    return this.#rules.list().map(ruleViewOf);
  }

  async createRule(written: AlertRuleOrder, by: string): Promise<AlertRuleView> {
    assertJudge(this.#judgeship);
    const made = await this.#rules.create(written, by);
    this.#monitor.usePolicy(this.#rules.policy);
    return ruleViewOf(made);
  }

  async replaceRule(name: string, change: RuleChange): Promise<AlertRuleView> {
    assertJudge(this.#judgeship);
    const made = await this.#rules.replace(name, change);
    this.#monitor.usePolicy(this.#rules.policy);
    return ruleViewOf(made);
  }

  async removeRule(name: string): Promise<void> {
    assertJudge(this.#judgeship);
    await this.#rules.remove(name);
    this.#monitor.usePolicy(this.#rules.policy);
  }

  async silences(): Promise<readonly SilenceView[]> {
    const nowMs = this.#clock.now();
    const { silences } = await this.#state();
    return silences
      .filter(({ untilMs }) => untilMs > nowMs)
      .toSorted((a, b) => a.fromMs - b.fromMs || (a.id < b.id ? -1 : 1))
      .map(silenceViewOf);
  }

  /** @throws CONTROL_PLANE_REQUEST_INVALID with every mistake. */
  async silence(asked: unknown, by: string): Promise<SilenceView> {
    assertJudge(this.#judgeship);
    const parsed = parseSilence(asked, { by, nowMs: this.#clock.now() });
    if (!parsed.ok) throw wrongRule(parsed.problems, []);
    const made: Silence = await orRefusal(this.#monitor.silence(parsed.value));
    return silenceViewOf(made);
  }

  async endSilence(id: string): Promise<void> {
    assertJudge(this.#judgeship);
    await orRefusal(this.#monitor.endSilence(id));
  }

  async incidents(filter: IncidentFilter, page: PageRequest): Promise<PageOf<IncidentView>> {
    const state = await this.#state();
    // What was saved, and over it what is at hand: a memory that is away is behind.
    const notes = new Map(this.#memory.incidents.all().map((note) => [note.id, note]));
    for (const incident of state.incidents) notes.set(incident.id, noteOf(incident));
    const found = [...notes.values()].filter((note) => fitsIncident(note, filter));
    const { items, nextCursor } = orWrongCursor(
      pageOf(found, ({ openedAtMs, id }) => ({ atMs: openedAtMs, id }), page),
    );
    return { items: items.map(incidentViewOf), nextCursor };
  }

  async incident(id: string): Promise<IncidentView> {
    return incidentDetailOf(await this.#incident(id));
  }

  async take(id: string, by: string): Promise<IncidentView> {
    assertJudge(this.#judgeship);
    await this.#assertOpen(id);
    await orRefusal(this.#monitor.take(id, by));
    return this.incident(id);
  }

  async note(id: string, by: string, text: string): Promise<IncidentView> {
    assertJudge(this.#judgeship);
    await this.#assertOpen(id);
    await orRefusal(this.#monitor.note(id, by, text));
    return this.incident(id);
  }

  /** How many there are now, by how they stand; none where another judges. */
  counts(): {
    readonly isJudge: boolean;
    readonly alerts: readonly AlertState[];
    readonly openIncidents: readonly Incident[];
  } {
    const { alerts, incidents } = this.#monitor.state;
    const isJudge = this.#judgeship.standing === 'held';
    return { isJudge, alerts, openIncidents: incidents.filter(({ phase }) => phase === 'open') };
  }

  report(): AlertsReport {
    return {
      ...this.#monitor.report(),
      leftOut: this.#readings.leftOut,
      tooLarge: this.#memory.tooLarge,
    };
  }

  /** Lets notifications out for a few seconds; what is still on its way is sent after the next start. */
  async close(): Promise<void> {
    await this.#monitor.close();
  }

  async #incident(id: string): Promise<Incident> {
    const state = await this.#state();
    const atHand = state.incidents.find((incident) => incident.id === id);
    const found =
      atHand ??
      (this.#memory.incidents.get(id) === undefined ? undefined : await this.#memory.findIncident(id));
    if (found === undefined) throw unknownThing('incident');
    return found;
  }

  async #assertOpen(id: string): Promise<void> {
    const { phase } = await this.#incident(id);
    if (phase === 'resolved')
      throw new Problem('CONTROL_PLANE_STATE_CONFLICT', 'The incident is resolved already.');
  }

  /** Who judges knows; the others read what was remembered. */
  #state(): Promise<MonitorState> {
    if (this.#judgeship.standing !== 'lost') return Promise.resolve(this.#monitor.state);
    return this.#remembered.get('all', () => this.#takeOver());
  }

  /** Rules are changed where alerts are judged. */
  async #takeOver(): Promise<Remembered> {
    await this.#rules.reload();
    this.#monitor.usePolicy(this.#rules.policy);
    return this.#memory.load();
  }
}

/** What another judges is read anew after so long, when somebody asks; what is shown is at most twice as old. */
const rememberedMs = 2500;

/** An alert, with the incident that it belongs to. Pure. */
function viewIn({ incidents }: MonitorState, alert: AlertState): AlertView {
  const incident = incidents.findLast(
    ({ phase, alerts }) =>
      phase === 'open' && alerts.some(({ fingerprint }) => fingerprint === alert.fingerprint),
  );
  return alertViewOf(alert, incident?.id);
}

function orWrongCursor<Page>(page: Page | undefined): Page {
  if (page !== undefined) return page;
  const detail = 'is none that was given out';
  throw new Problem('CONTROL_PLANE_REQUEST_INVALID', `/cursor ${detail}.`, {
    errors: [{ in: 'query', pointer: '/cursor', detail }],
  });
}

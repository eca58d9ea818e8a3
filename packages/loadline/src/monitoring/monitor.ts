import { type Clock, pause, systemClock, withTimeLimit } from '../base/index.ts';
import {
  type Act,
  acknowledgeAlert,
  addSilence,
  endSilence,
  noteOnIncident,
  takeIncidentOf,
} from './actions.ts';
import type { Dispatcher, DispatchReport } from './dispatcher.ts';
import type { EvaluationLimits } from './evaluation-limits.ts';
import { type Change, changesBetween, type MonitorMemory, type Remembered } from './memory.ts';
import { describeAlert, isTold, type Notification } from './notification.ts';
import { addSetAside, nothingSetAside, type Reading, type SetAside } from './reading.ts';
import { Recorder } from './recorder.ts';
import { type MonitorState, type Round, takeRound } from './round.ts';
import type { AlertPolicy, AlertRule } from './rule.ts';
import type { Silence } from './silence.ts';

/** Where readings come from. The port: whoever has the metrics computes each rule's statistic over its window. */
export interface ReadingSource {
  /** A reading for every series that a rule matches. Rejects where nothing can be said of any. */
  read(rules: readonly AlertRule[], nowMs: number, signal: AbortSignal): Promise<readonly Reading[]>;
}

/** What a monitor judges, from which readings, and whom it tells. */
export interface MonitorOptions {
  readonly policy: AlertPolicy;
  readonly source: ReadingSource;
  readonly memory: MonitorMemory;
  /** The monitor closes it. */
  readonly dispatcher: Dispatcher;
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** From one look to the next. Default 2 seconds: what is told has then passed its limit for the rule's duration and at most 4 seconds. */
  readonly intervalMs?: number;
  /** How long one reading of all rules may take. Default 5 seconds. */
  readonly readTimeoutMs?: number;
  /** What is left out has its default. */
  readonly limits?: Partial<EvaluationLimits>;
  /** What this process does of several that watch the same; it is asked before each look, and again before anything is told. Default: it judges. */
  readonly partNow?: () => MonitorPart;
  /** Hears of every round, for a live stream. */
  readonly onRound?: (round: Round) => void;
}

/**
 * `judges`: it looks and tells. `rests`: another does; it does nothing. `blind`: it judged, and nobody can say whether another
 * does now; what it knows stands and is told, and nothing fires and nothing is resolved by it.
 */
export type MonitorPart = 'judges' | 'rests' | 'blind';

/** What has happened since the start. */
export interface MonitorReport {
  readonly rounds: number;
  /** Rounds in which nothing could be read. */
  readonly readsFailed: number;
  readonly lastReadProblem: string | undefined;
  /** Attempts to remember at the start that failed. */
  readonly loadsFailed: number;
  readonly setAside: SetAside;
  /** Changes that are not saved yet, attempts to save that failed, and changes that were given up. */
  readonly memory: { readonly waiting: number; readonly failures: number; readonly dropped: number };
  readonly notifiers: readonly DispatchReport[];
}

/**
 * Watches a service: once an interval it reads, holds what it read against the rules, opens and joins incidents,
 * remembers, and tells. Whoever starts it closes it.
 *
 *     read ─▸ evaluate ─▸ incidents ─▸ remember ─▸ notify
 *
 * What is on its way is remembered until every notifier has it or has given up, so that a restart loses nothing and
 * fires nothing anew; a receiver may then hear of something twice, under the same id.
 */
export class Monitor implements AsyncDisposable {
  readonly #options: MonitorOptions;
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  readonly #end = new AbortController();
  #policy: AlertPolicy;
  #state: MonitorState = { alerts: [], incidents: [], silences: [] };
  #setAside: SetAside = nothingSetAside;
  #rounds = 0;
  #readsFailed = 0;
  #loadsFailed = 0;
  #lastReadProblem: string | undefined;
  #running: Promise<void> | undefined;
  #isJudge = false;

  constructor(options: MonitorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#policy = options.policy;
    this.#recorder = new Recorder(options.memory);
  }

  /** Remembers what was, and begins, as soon as it may judge. A memory that is away is asked for half a minute; then it begins with nothing. */
  start(): void {
    this.#running ??= this.#run();
  }

  get state(): MonitorState {
    return this.#state;
  }

  get policy(): AlertPolicy {
    return this.#policy;
  }

  /** Other rules, from the next round on. Alerts of rules that are gone are resolved by it. */
  usePolicy(policy: AlertPolicy): void {
    this.#policy = policy;
  }

  /** @throws MONITORING_ALERT_UNKNOWN */
  async acknowledge(fingerprint: string, by: string): Promise<void> {
    await this.#become(acknowledgeAlert(this.#state, fingerprint, this.#act(by)));
  }

  /** @throws MONITORING_INCIDENT_UNKNOWN */
  async take(incidentId: string, by: string): Promise<void> {
    await this.#become(takeIncidentOf(this.#state, incidentId, this.#act(by)));
  }

  /** @throws MONITORING_INCIDENT_UNKNOWN */
  async note(incidentId: string, by: string, text: string): Promise<void> {
    await this.#become(noteOnIncident(this.#state, incidentId, { ...this.#act(by), text }));
  }

  /** @throws MONITORING_SILENCES_FULL */
  async silence(asked: Omit<Silence, 'id'>): Promise<Silence> {
    const { state, silence } = addSilence(this.#state, asked);
    await this.#become(state);
    return silence;
  }

  /** @throws MONITORING_SILENCE_UNKNOWN */
  async endSilence(id: string): Promise<void> {
    await this.#become(endSilence(this.#state, id));
  }

  report(): MonitorReport {
    return {
      rounds: this.#rounds,
      readsFailed: this.#readsFailed,
      lastReadProblem: this.#lastReadProblem,
      loadsFailed: this.#loadsFailed,
      setAside: this.#setAside,
      memory: this.#recorder.counts,
      notifiers: this.#options.dispatcher.report(),
    };
  }

  /** Ends the rounds, lets notifications out for at most `withinMs` (default 5 seconds), and saves for as long at most. */
  async close(withinMs = 5000): Promise<void> {
    this.#end.abort(new Error('closed'));
    await this.#running;
    await this.#options.dispatcher.close(withinMs);
    const limits = { clock: this.#clock, limitMs: withinMs, end: new AbortController().signal };
    await withTimeLimit(limits, () => this.#recorder.record([]));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { intervalMs = 2000 } = this.#options;
    while (!this.#end.signal.aborted) {
      const startedMs = this.#clock.monotonicMs();
      await this.#takeTurn();
      const leftMs = intervalMs - (this.#clock.monotonicMs() - startedMs);
      await pause(this.#clock, leftMs, this.#end.signal);
    }
  }

  /** Of several one judges. Who becomes it takes up what the one before has left; who was it until now forgets. */
  async #takeTurn(): Promise<void> {
    const part = this.#part();
    if (part === 'judges' || (part === 'blind' && this.#isJudge)) {
      if (!this.#isJudge) await this.#remember();
      this.#isJudge = true;
      if (!this.#end.signal.aborted) await this.#look();
    } else if (this.#isJudge) {
      this.#isJudge = false;
      this.#state = { alerts: [], incidents: [], silences: [] };
      this.#recorder.giveUp();
      this.#options.dispatcher.refresh([]);
    }
  }

  #part(): MonitorPart {
    return this.#options.partNow?.() ?? 'judges';
  }

  async #remember(): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + loadPatienceMs;
    while (!this.#end.signal.aborted) {
      const limits = { clock: this.#clock, limitMs: loadPatienceMs, end: this.#end.signal };
      const loaded = await withTimeLimit(limits, () => this.#options.memory.load());
      if (loaded.kind === 'done') return this.#resume(loaded.value);
      this.#loadsFailed++;
      if (this.#clock.monotonicMs() >= untilMs) return;
      await pause(this.#clock, 1000, this.#end.signal);
    }
  }

  #resume({ notifications, alerts, incidents, silences }: Remembered): void {
    // A silence may be asked for while the memory is being read.
    const asked = this.#state.silences.filter(({ id }) => silences.every((each) => each.id !== id));
    this.#state = { alerts, incidents, silences: [...silences, ...asked] };
    const oldestMs = this.#clock.now() - notificationAgeMsMax;
    // A memory gives them in any order; an end that is told before its beginning would be none.
    for (const each of notifications.toSorted((a, b) => a.atMs - b.atMs)) {
      if (each.atMs >= oldestMs) this.#send(each);
      else void this.#forget(each);
    }
  }

  async #look(): Promise<void> {
    const read = await this.#read();
    // Whoever was held up for long may find that another judges by now.
    const part = this.#part();
    if (this.#end.signal.aborted || part === 'rests') return;
    const readings = part === 'blind' ? undefined : read;
    const { limits = {}, onRound, dispatcher } = this.#options;
    const before = this.#state;
    const nowMs = this.#clock.now();
    const round = takeRound(before, { policy: this.#policy, readings, nowMs, limits });
    this.#state = round.state;
    this.#rounds++;
    this.#setAside = addSetAside(this.#setAside, round.setAside);
    const outgoing = round.notifications.map(
      (value): Change => ({ kind: 'notification', id: value.id, value }),
    );
    // First what is on its way: cut off in between, it is rather told twice than never.
    await this.#save([...outgoing, ...changesBetween(before, round.state)]);
    for (const notification of round.notifications) this.#send(notification);
    dispatcher.refresh(round.state.alerts.filter(isTold).map((alert) => describeAlert(alert, 'none', nowMs)));
    onRound?.(round);
  }

  /** Undefined where nothing could be read: that is no reason to resolve an alert, or to fire one. */
  async #read(): Promise<readonly Reading[] | undefined> {
    const { source, readTimeoutMs = 5000 } = this.#options;
    if (this.#part() === 'blind') {
      this.#readsFailed++;
      this.#lastReadProblem = 'it is not known whether another process judges by now';
      return undefined;
    }
    const limits = { clock: this.#clock, limitMs: readTimeoutMs, end: this.#end.signal };
    const ended = await withTimeLimit(limits, (signal) =>
      source.read(this.#policy.rules, this.#clock.now(), signal),
    );
    if (ended.kind === 'done') return ended.value;
    if (ended.kind === 'ended') return undefined;
    this.#readsFailed++;
    this.#lastReadProblem =
      ended.kind === 'late' ? `it took longer than ${readTimeoutMs} ms` : String(ended.error);
    return undefined;
  }

  async #become(state: MonitorState): Promise<void> {
    const before = this.#state;
    this.#state = state;
    await this.#save(changesBetween(before, state));
  }

  /** A memory that is away holds nobody up for long: that it is away may be the very thing to be told. */
  async #save(changes: readonly Change[]): Promise<void> {
    const limits = { clock: this.#clock, limitMs: savePatienceMs, end: this.#end.signal };
    await withTimeLimit(limits, () => this.#recorder.record(changes));
  }

  /** Once everybody has it, or gave it up, it need not be remembered. What the end cuts short is sent by the next start. */
  #send(notification: Notification): void {
    void this.#options.dispatcher.offer(notification).then((isSettled) => {
      if (isSettled) void this.#forget(notification);
    });
  }

  #forget({ id }: Notification): Promise<void> {
    return this.#recorder.record([{ kind: 'notification', id, value: undefined }]);
  }

  #act(by: string): Act {
    return { by, atMs: this.#clock.now() };
  }
}

const loadPatienceMs = 30_000;
const savePatienceMs = 1000;
/** What was not delivered for longer is no news. */
const notificationAgeMsMax = 3_600_000;

import { type Clock, createRandom, systemClock, type Timer } from '../base/index.ts';
import { Agenda } from './agenda.ts';
import { Crew } from './crew.ts';
import { createDataRows } from './data/data-rows.ts';
import { thisEnvironment } from './environment.ts';
import { Flow } from './flow.ts';
import { type GeneratorWatch, watchGenerator } from './measure/generator-watch.ts';
import { Recorder } from './measure/recorder.ts';
import type { LoadPlan, Stage } from './plan.ts';
import { compileScenarios, type Program } from './program.ts';
import { type LoadProgress, progressOf } from './progress.ts';
import { type LoadReport, reportOf } from './report.ts';
import { createSchedule } from './schedule.ts';
import { type Share, wholeShare } from './share.ts';
import type { Transport } from './transports/transport.ts';

export interface LoadOptions {
  readonly transport: Transport;
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** Ends the run early: users end their request, and the report tells what was measured until then. */
  readonly signal?: AbortSignal;
  /** Called once a second, and at the end. */
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Watches the generator; a simulation gives one that sees nothing. */
  readonly watch?: (clock: Clock) => GeneratorWatch;
  /** Which part of the plan this generator makes. Default: all of it. */
  readonly share?: Share;
}

/**
 * Runs a load test to its end and tells what was measured. Never rejects because of what the target does:
 * failures are part of the report. Closes the transport.
 *
 * The loads of the plan run side by side, each by its own schedule. When all are over the run drains: pauses
 * end at once, requests under way get `gracefulStopMs`.
 */
export async function runLoad(plan: LoadPlan, options: LoadOptions): Promise<LoadReport> {
  const run = new LoadRun(plan, options);
  await run.run();
  return run.report();
}

class LoadRun {
  readonly #plan: LoadPlan;
  readonly #options: LoadOptions;
  readonly #clock: Clock;
  readonly #agenda: Agenda;
  readonly #recorder = new Recorder();
  readonly #crew: Crew;
  readonly #flows: readonly Flow[];
  readonly #running: Set<Flow>;
  readonly #watch: GeneratorWatch;
  readonly #startMs: number;
  readonly #startedAt: number;
  #drainingSinceMs: number | undefined;
  #endTimer: Timer | undefined;
  #forcedEndMs = never;
  #finish: () => void = () => undefined;

  constructor(plan: LoadPlan, options: LoadOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#agenda = new Agenda(this.#clock);
    this.#watch = (options.watch ?? watchGenerator)(this.#clock);
    this.#startMs = this.#clock.monotonicMs();
    this.#startedAt = this.#clock.now();
    const share = options.share ?? wholeShare;
    const data = createDataRows(plan.data, share);
    const variables = new Map<string, number>();
    const programs = compileScenarios(plan, this.#recorder, {
      variable: (name) => placeOf(variables, name),
      column: data.resolve,
    });
    const onLate = (latenessMs: number): void => this.#watch.late(latenessMs);
    const shared = { agenda: this.#agenda, recorder: this.#recorder, data, startMs: this.#startMs, onLate };
    const { requestTimeoutMs, usersMax } = plan.limits;
    this.#crew = new Crew(
      {
        ...shared,
        clock: this.#clock,
        transport: options.transport,
        target: new URL(plan.target),
        variableCount: variables.size,
      },
      plan.seed,
      share,
      Math.max(1, Math.floor(usersMax / share.count)),
    );
    this.#flows = flowsOf(plan, programs).map(({ name, stages, weighed }) => {
      const schedule = createSchedule(stages, `${plan.seed}/${name}`);
      return new Flow(schedule, weighed, createRandom(`${plan.seed}/${name}`, share.index), {
        ...shared,
        crew: this.#crew,
        share,
        skippedMs: 0,
        patienceMs: requestTimeoutMs,
        elapsedMs: () => this.#elapsedMs(),
        onOver: (flow) => this.#onOver(flow),
        onStoppedIdle: () => this.#endWhenDrained(),
      });
    });
    this.#running = new Set(this.#flows);
  }

  async run(): Promise<void> {
    const { signal, onProgress, transport } = this.#options;
    const ended = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    const onAbort = (): void => this.#drain(interruptGraceMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    const stopProgress = this.#reportProgress(onProgress);
    if (signal?.aborted) onAbort();
    else for (const flow of this.#flows) flow.start();
    await ended;
    signal?.removeEventListener('abort', onAbort);
    stopProgress();
    this.#watch.stop();
    transport.close();
  }

  report(): LoadReport {
    const schedules = this.#flows.map((flow) => flow.schedule);
    return reportOf(this.#plan, this.#recorder, {
      startedAt: this.#startedAt,
      activeMs: this.#drainingSinceMs ?? 0,
      plannedMs: this.#durationMs,
      arrivals: schedules.reduce((sum, schedule) => sum + schedule.arrivals, 0),
      wasInterrupted: this.#options.signal?.aborted ?? false,
      generatorSamples: this.#watch.samples,
      environment: thisEnvironment(1),
      resources: [],
    });
  }

  get #durationMs(): number {
    return this.#flows.reduce((max, flow) => Math.max(max, flow.schedule.durationMs), 0);
  }

  /** One load is over; the last one ends the run. */
  #onOver(flow: Flow): void {
    this.#running.delete(flow);
    if (this.#running.size === 0) this.#drain(this.#plan.limits.gracefulStopMs);
    else flow.stop(this.#elapsedMs());
  }

  /** Ends the run: nothing new begins, what is under way gets `graceMs`. */
  #drain(graceMs: number): void {
    if (this.#drainingSinceMs === undefined) {
      this.#drainingSinceMs = this.#elapsedMs();
      for (const flow of this.#flows) flow.stop(this.#drainingSinceMs);
    }
    this.#endWithin(graceMs);
    this.#endWhenDrained();
  }

  /** An interrupt during the drain shortens the rest of it; nothing makes it longer. */
  #endWithin(graceMs: number): void {
    const endMs = this.#elapsedMs() + graceMs;
    if (endMs > this.#forcedEndMs) return;
    this.#forcedEndMs = endMs;
    this.#endTimer?.cancel();
    this.#endTimer = this.#clock.setTimer(() => {
      for (const user of [...this.#crew.users]) this.#crew.dismiss(user);
      this.#endWhenDrained();
    }, graceMs);
  }

  #endWhenDrained(): void {
    if (this.#drainingSinceMs === undefined || this.#crew.size > 0) return;
    this.#endTimer?.cancel();
    this.#finish();
  }

  #elapsedMs(): number {
    return this.#clock.monotonicMs() - this.#startMs;
  }

  get #busy(): number {
    return this.#flows.reduce((sum, flow) => sum + flow.busy, 0);
  }

  #reportProgress(onProgress: ((progress: LoadProgress) => void) | undefined): () => void {
    const report = (): void => {
      const elapsedMs = this.#elapsedMs();
      this.#recorder.users(elapsedMs, this.#busy);
      onProgress?.(
        progressOf(this.#recorder, { elapsedMs, durationMs: this.#durationMs, users: this.#busy }),
      );
    };
    const again = (): void => {
      report();
      timer = this.#clock.setTimer(again, 1000);
    };
    let timer = this.#clock.setTimer(again, 1000);
    return () => {
      timer.cancel();
      report();
    };
  }
}

const never = Number.POSITIVE_INFINITY;
/** After an interrupt people want their prompt back; requests that take longer are counted as unfinished. */
const interruptGraceMs = 2000;

interface FlowPlan {
  readonly name: string;
  readonly stages: readonly Stage[];
  readonly weighed: readonly { readonly program: Program; readonly weight: number }[];
}

/** The scenarios with a load of their own each make a flow, the others share the plan's by their weights. */
function flowsOf(plan: LoadPlan, programs: readonly Program[]): FlowPlan[] {
  const all = plan.scenarios.map((scenario, index) => ({ scenario, program: programs[index] as Program }));
  const shared = all.filter(({ scenario }) => scenario.stages === undefined);
  const own = all.flatMap(({ scenario: { name, stages }, program }) =>
    stages === undefined ? [] : [{ name, stages, weighed: [{ program, weight: 1 }] }],
  );
  if (shared.length === 0) return own;
  const weighed = shared.map(({ scenario, program }) => ({ program, weight: scenario.weight }));
  return [{ name: '', stages: plan.stages, weighed }, ...own];
}

function placeOf(places: Map<string, number>, name: string): number {
  const known = places.get(name);
  if (known !== undefined) return known;
  places.set(name, places.size);
  return places.size - 1;
}

import { type Clock, createRandom, type Timer } from '../base/index.ts';
import { Agenda } from './agenda.ts';
import { Crew } from './crew.ts';
import { createDataRows } from './data/data-rows.ts';
import { Flow } from './flow.ts';
import { flowPlansOf } from './flow-plan.ts';
import type { GeneratorWatch } from './measure/generator-watch.ts';
import type { Recorder } from './measure/recorder.ts';
import type { LoadPlan } from './plan.ts';
import { compileScenarios, type Program } from './program.ts';
import { catchStrayPromises } from './scripts/stray-promises.ts';
import type { Share } from './share.ts';
import type { LoadTransport } from './transports/session.ts';

export interface GeneratorOptions {
  readonly transport: LoadTransport;
  readonly clock: Clock;
  /** Where it writes what happens. */
  readonly recorder: Recorder;
  readonly watch: GeneratorWatch;
  /** Which part of the plan it makes. */
  readonly share: Share;
  /** When the run begins, or has begun, on the clock's monotonic scale. */
  readonly startMs: number;
  /** How much of the schedule is left out from its start, because another generator has made it. */
  readonly skippedMs: number;
}

/**
 * Makes a share of a plan's load in this process. The loads of the plan run side by side, each by its own
 * schedule. When all are over it drains: pauses end at once, requests under way get `gracefulStopMs`.
 */
export class LoadGenerator {
  readonly #plan: LoadPlan;
  readonly #options: GeneratorOptions;
  readonly #agenda: Agenda;
  readonly #crew: Crew;
  readonly #flows: readonly Flow[];
  readonly #hasScripts: boolean;
  readonly #running: Set<Flow>;
  #drainingSinceMs: number | undefined;
  #endTimer: Timer | undefined;
  #forcedEndMs = never;
  #finish: () => void = () => undefined;

  constructor(plan: LoadPlan, options: GeneratorOptions) {
    const { clock, recorder, share, startMs, watch } = options;
    this.#plan = plan;
    this.#options = options;
    this.#agenda = new Agenda(clock);
    recorder.sessions.watch(Object.values(options.transport.sessions ?? {}).map(({ counts }) => counts));
    const data = createDataRows(plan.data, share);
    const variables = new Map<string, number>();
    const programs = compileScenarios(plan, recorder, {
      variable: (name) => placeOf(variables, name),
      column: data.resolve,
    });
    const onLate = (latenessMs: number): void => watch.late(latenessMs);
    const shared = { agenda: this.#agenda, recorder, data, startMs, onLate };
    this.#hasScripts = programs.some(({ script }) => script !== undefined);
    this.#crew = new Crew(
      {
        ...shared,
        clock,
        transport: options.transport,
        target: new URL(plan.target),
        variableCount: variables.size,
      },
      plan.seed,
      share,
      Math.max(1, Math.floor(plan.limits.usersMax / share.count)),
    );
    this.#flows = flowPlansOf(plan).map(({ name, schedule, scenarios }) => {
      const weighed = scenarios.map(({ index, weight }) => ({ program: programs[index] as Program, weight }));
      return new Flow(schedule, weighed, createRandom(`${plan.seed}/${name}`, share.index), {
        ...shared,
        crew: this.#crew,
        share,
        skippedMs: options.skippedMs,
        patienceMs: plan.limits.requestTimeoutMs,
        elapsedMs: () => this.elapsedMs,
        onOver: (flow) => this.#onOver(flow),
        onStoppedIdle: () => this.#endWhenDrained(),
        onRoom: () => this.#onRoom(),
        makeRoom: (flow) => this.#flows.some((other) => other !== flow && other.giveUpIdle()),
      });
    });
    this.#running = new Set(this.#flows);
  }

  /** Makes the load to its end, or to that of `stop`. The transport stays open: whoever opened it closes it. */
  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    using _ = this.#hasScripts
      ? catchStrayPromises((reason) => this.#options.recorder.stray(reason))
      : undefined;
    if (this.#drainingSinceMs === undefined) for (const flow of this.#flows) flow.start();
    this.#endWhenDrained();
    await ended;
    this.#options.watch.stop();
  }

  /** Ends the load: nothing new begins, what is under way gets `graceMs`. */
  stop(graceMs: number): void {
    if (this.#drainingSinceMs === undefined) {
      this.#drainingSinceMs = Math.max(0, this.elapsedMs);
      this.#crew.dissolve();
      for (const flow of this.#flows) flow.stop(this.#drainingSinceMs);
    }
    this.#endWithin(graceMs);
    this.#endWhenDrained();
  }

  get elapsedMs(): number {
    return this.#options.clock.monotonicMs() - this.#options.startMs;
  }

  /** Until work ceased to be begun. */
  get activeMs(): number {
    return this.#drainingSinceMs ?? this.elapsedMs;
  }

  /** How many users are within an iteration. */
  get busy(): number {
    return this.#flows.reduce((sum, flow) => sum + flow.busy, 0);
  }

  /** One load is over; the last one ends all. */
  #onOver(flow: Flow): void {
    this.#running.delete(flow);
    if (this.#running.size === 0) this.stop(this.#plan.limits.gracefulStopMs);
    else flow.stop(this.elapsedMs);
  }

  #onRoom(): void {
    if (this.#flows.length > 1) for (const flow of this.#running) flow.unblock();
  }

  /** Stopping once more shortens the rest of the drain; nothing makes it longer. */
  #endWithin(graceMs: number): void {
    const endMs = this.elapsedMs + graceMs;
    if (endMs > this.#forcedEndMs) return;
    this.#forcedEndMs = endMs;
    this.#endTimer?.cancel();
    this.#endTimer = this.#options.clock.setTimer(() => {
      for (const user of [...this.#crew.users]) this.#crew.dismiss(user);
      this.#endWhenDrained();
    }, graceMs);
  }

  #endWhenDrained(): void {
    if (this.#drainingSinceMs === undefined || this.#crew.size > 0) return;
    this.#endTimer?.cancel();
    this.#finish();
  }
}

const never = Number.POSITIVE_INFINITY;

function placeOf(places: Map<string, number>, name: string): number {
  const known = places.get(name);
  if (known !== undefined) return known;
  places.set(name, places.size);
  return places.size - 1;
}

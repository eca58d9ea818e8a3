import { type Clock, formatDuration, pause } from '../../base/index.ts';
import type { Instance, InstanceState } from '../driver.ts';
import type { InstanceKind, RunningUnit } from './instance-kind.ts';
import type { Passage } from './passage.ts';

export interface ManagedInstanceOptions<Unit extends RunningUnit> {
  readonly group: string;
  readonly id: string;
  readonly kind: InstanceKind<Unit>;
  readonly clock: Clock;
  /** Its way into the traffic and out of it; undefined where nothing balances. */
  readonly passage: Passage | undefined;
  /** One that runs already. */
  readonly found?: { readonly unit: Unit | undefined; readonly restarts: number } | undefined;
  /** Another one runs now, or none. */
  readonly onChange?: () => void;
  /** It is in another state now. */
  readonly onState?: () => void;
}

/**
 * One instance, started again whenever it ends by itself or breaks:
 *
 *     starting ─▸ let in ─▸ ready ─▸ draining: taken out ─▸ told to end ─▸ gone
 *        ▴ │                  │
 *        │ ▾                  ▾
 *        └ waiting ◂── taken out   crashed: each time it waits twice as long
 */
export class ManagedInstance<Unit extends RunningUnit> {
  readonly id: string;
  /** Resolves when it has ended, is out of the traffic, and none will follow. */
  readonly gone: Promise<void>;
  /** Resolves when it was told to go, was killed, and has not ended within its time: it may be there still. */
  readonly outlived: Promise<void>;
  readonly #options: ManagedInstanceOptions<Unit>;
  readonly #stopping = new AbortController();
  readonly #left = Promise.withResolvers<void>();
  readonly #outlived = Promise.withResolvers<void>();
  /** Of one that was found nobody knows it. */
  readonly #startedMs: number | undefined;
  #state: InstanceState = 'starting';
  #sinceMs: number;
  #unit: Unit | undefined;
  /** A broken one is on its way out of the traffic. */
  #out: Promise<unknown> | undefined;
  /** It was told to end. */
  #told: Unit | undefined;
  #restarts: number;
  #crashesInRow = 0;
  #hasLeftCrashed = false;
  /** How it ended last, for people. */
  #crash: string | undefined;
  #remark: string | undefined;

  constructor(options: ManagedInstanceOptions<Unit>) {
    const { id, clock, found } = options;
    this.id = id;
    this.#options = options;
    this.#sinceMs = clock.now();
    this.#startedMs = found === undefined ? this.#sinceMs : undefined;
    this.#restarts = found?.restarts ?? 0;
    this.outlived = this.#outlived.promise;
    this.gone = this.#live(found?.unit).then(() => this.#left.promise);
  }

  get state(): InstanceState {
    return this.#state;
  }

  get inFlight(): number | undefined {
    return this.#options.passage?.inFlight;
  }

  /** It had crashed when it was told to go, so that what it wrote says why. */
  get hasLeftCrashed(): boolean {
    return this.#hasLeftCrashed;
  }

  /** How it ended by itself last, for people; undefined where it never has. */
  get crash(): string | undefined {
    return this.#crash;
  }

  /** What runs at present. */
  get unit(): Unit | undefined {
    return this.#unit;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** As others see it. */
  describe(): Instance {
    const known = {
      id: this.id,
      state: this.#state,
      url: this.#unit?.url,
      sinceMs: this.#sinceMs,
      restarts: this.#restarts,
    };
    const cpuMs = this.#unit?.cpuMs?.();
    const outside = this.#state === 'starting' ? this.#options.passage?.outside : undefined;
    const remark = outside === undefined ? this.#remark : `is ready, and ${outside}`;
    return {
      ...known,
      ...(cpuMs === undefined ? {} : { cpuMs }),
      ...(this.#startedMs === undefined ? {} : { startedMs: this.#startedMs }),
      ...(remark === undefined ? {} : { remark }),
    };
  }

  /**
   * Takes it out of the traffic, and when it has nothing in flight any more asks it to stop, and makes it stop when its
   * time is over. Resolves when it is gone.
   */
  drain(because?: string): Promise<void> {
    if (!this.#stopping.signal.aborted) {
      this.#hasLeftCrashed = this.#state === 'waiting';
      this.#enter('draining');
      this.#remark = because && `leaves because ${because}`;
      this.#stopping.abort();
      void this.#leave().then(() => this.#left.resolve());
    }
    return this.gone;
  }

  async #leave(): Promise<void> {
    const { passage, kind } = this.#options;
    const said = await passage?.leave(kind.timing.drainGraceMs);
    if (said !== undefined) this.#add(said);
    this.#end(this.#unit);
  }

  #end(unit: Unit | undefined): void {
    // Many take a second word for impatience, and drop what they have.
    if (unit === undefined || unit === this.#told) return;
    this.#told = unit;
    unit.terminate();
    const { clock, kind } = this.#options;
    const { drainGraceMs, killLimitMs } = kind.timing;
    let timer = clock.setTimer(() => {
      unit.kill();
      if (killLimitMs !== undefined) timer = clock.setTimer(() => this.#outlive(killLimitMs), killLimitMs);
    }, drainGraceMs);
    void unit.ended.then(() => timer.cancel());
  }

  #outlive(killLimitMs: number): void {
    this.#add(`had not ended ${formatDuration(killLimitMs)} after it was killed`);
    this.#outlived.resolve();
  }

  #add(remark: string): void {
    this.#remark = [this.#remark, remark].filter((part) => part).join('; ');
  }

  async #live(found: Unit | undefined): Promise<void> {
    const { clock, kind, passage } = this.#options;
    const { signal } = this.#stopping;
    let unit = found;
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      const { end, readyForMs, hasRun } = await this.#runOnce(unit);
      unit = undefined;
      if (signal.aborted) return;
      this.#crashesInRow = readyForMs >= kind.timing.stableMs ? 1 : this.#crashesInRow + 1;
      const delayMs = this.#restartDelayMs();
      const livedMs = clock.monotonicMs() - startedMs;
      this.#crash = hasRun ? this.#crashOf(end, livedMs) : end;
      this.#enter('waiting');
      const where = hasRun && kind.log !== undefined ? `; what it wrote is in ${kind.log}` : '';
      this.#remark = `${this.#crash}; starts again in ${formatDuration(delayMs)}${where}`;
      // It cannot end what it had; what matters is that nothing new is sent there.
      const out = this.#out ?? passage?.leave(0);
      await pause(clock, delayMs, signal);
      await out;
      this.#out = undefined;
      if (signal.aborted) return;
      this.#restarts++;
      this.#enter('starting');
      this.#remark = `starts again after one that ${this.#crash}${where}`;
    }
  }

  #crashOf(end: string, livedMs: number): string {
    const line = this.#options.kind.lastLine?.();
    return `${end} after ${formatDuration(livedMs)}${line === undefined ? '' : `: ${line}`}`;
  }

  /** From the start of one unit, or from when it was found, to its end. */
  async #runOnce(found: Unit | undefined): Promise<{ end: string; readyForMs: number; hasRun: boolean }> {
    const { kind } = this.#options;
    let unit: Unit | undefined;
    try {
      unit = found ?? (await kind.start(this.#stopping.signal));
    } catch (error) {
      // No file or no process is left to be had; that passes, so it is a crash like others.
      const said = error instanceof Error ? error.message : String(error);
      return { end: `could not be started: ${said}`, readyForMs: 0, hasRun: false };
    }
    if (unit === undefined) return { end: 'was not started', readyForMs: 0, hasRun: false };
    this.#take(unit);
    // Told to go while it was being started: it never came into the traffic.
    if (this.#stopping.signal.aborted) this.#end(unit);
    const settled = new AbortController();
    const end = unit.ended.finally(() => settled.abort());
    const { flaw, readyForMs } = await this.#watch(unit, settled.signal);
    if (flaw !== undefined) this.#breakOff(unit, flaw);
    const said = await end;
    // What a crashed parent leaves behind would keep its port, and be nobody's.
    unit.kill();
    this.#take(undefined);
    return { end: flaw ?? said, readyForMs, hasRun: true };
  }

  /** It may take its time to end, or never do: nothing new is sent there meanwhile. */
  #breakOff(unit: Unit, flaw: string): void {
    unit.kill();
    this.#crash = flaw;
    this.#enter('waiting');
    if (!this.#stopping.signal.aborted) this.#remark = `${flaw}; was killed, and has not ended yet`;
    this.#out = this.#options.passage?.leave(0);
  }

  /** Looks at it from its start to its end. A flaw is a reason to end it. */
  async #watch(unit: Unit, ended: AbortSignal): Promise<{ flaw: string | undefined; readyForMs: number }> {
    const { kind, clock } = this.#options;
    const signal = AbortSignal.any([ended, this.#stopping.signal]);
    const flaw = await kind.untilReady(unit, signal);
    if (flaw !== undefined || signal.aborted) return { flaw, readyForMs: 0 };
    const over = new AbortController();
    const broken = kind.untilBroken(unit, signal).finally(() => over.abort());
    if (!(await this.#letIn(unit, over.signal))) return { flaw: await broken, readyForMs: 0 };
    this.#enter('ready');
    const readyAtMs = clock.monotonicMs();
    return { flaw: await broken, readyForMs: clock.monotonicMs() - readyAtMs };
  }

  async #letIn({ host, port }: Unit, signal: AbortSignal): Promise<boolean> {
    const { passage, group } = this.#options;
    if (passage === undefined) return !signal.aborted;
    return passage.enter({ group, id: this.id, host, port }, signal);
  }

  #take(unit: Unit | undefined): void {
    this.#unit = unit;
    this.#options.onChange?.();
  }

  #restartDelayMs(): number {
    const { restartDelayMs, restartDelayMsMax } = this.#options.kind.timing;
    return Math.min(restartDelayMsMax, restartDelayMs * 2 ** (this.#crashesInRow - 1));
  }

  #enter(state: InstanceState): void {
    if (this.#stopping.signal.aborted && state !== 'draining') return;
    this.#state = state;
    this.#sinceMs = this.#options.clock.now();
    this.#remark = undefined;
    this.#options.onState?.();
  }
}

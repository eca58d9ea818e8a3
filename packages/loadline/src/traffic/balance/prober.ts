import { type Clock, type Timer, withTimeLimit } from '../../base/index.ts';
import type { Upstream } from '../upstream.ts';
import { afterCheck, type HealthCheckPolicy, type HealthState, notChecked } from './health-check.ts';
import type { Probe } from './probes/probe.ts';

export interface ProberOptions {
  readonly clock: Clock;
  readonly policy: HealthCheckPolicy;
  readonly probe: Probe;
  /** Called with each answer's state, also where nothing has changed. */
  readonly onChecked: (state: HealthState, because: string | undefined) => void;
}

/** Asks one upstream again and again, one question at a time, until it is closed. The first is asked at once. */
export class Prober {
  readonly #upstream: Upstream;
  readonly #options: ProberOptions;
  readonly #end = new AbortController();
  #state: HealthState = notChecked;
  #timer: Timer | undefined;

  constructor(upstream: Upstream, options: ProberOptions) {
    this.#upstream = upstream;
    this.#options = options;
    this.#wait(0);
  }

  close(): void {
    this.#timer?.cancel();
    this.#end.abort(new Error('closed'));
  }

  #wait(delayMs: number): void {
    this.#timer = this.#options.clock.setTimer(() => void this.#check(), delayMs);
  }

  async #check(): Promise<void> {
    const { clock, policy, probe, onChecked } = this.#options;
    const fromMs = clock.monotonicMs();
    const limits = { clock, limitMs: policy.timeoutMs, end: this.#end.signal };
    const answer = await withTimeLimit(limits, (signal) => probe(this.#upstream, signal));
    if (this.#end.signal.aborted || answer.kind === 'ended') return;
    const because =
      answer.kind === 'done' && answer.value.kind === 'bad' ? answer.value.because : reasons[answer.kind];
    this.#state = afterCheck(this.#state, because === undefined, policy);
    onChecked(this.#state, because);
    // From the beginning of one to the beginning of the next: a slow answer does not make the checks rarer.
    const everyMs = this.#state.status === 'starting' ? policy.startIntervalMs : policy.intervalMs;
    this.#wait(Math.max(0, everyMs - (clock.monotonicMs() - fromMs)));
  }
}

/** Why an answer that is none speaks against it. */
const reasons = { done: undefined, failed: 'the check failed', late: 'it did not answer in time' } as const;

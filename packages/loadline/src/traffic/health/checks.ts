import { type Clock, withTimeLimit } from '../../base/index.ts';
import type { CheckResult } from './report.ts';

/** Something that a service needs. */
export interface Check {
  /** Resolves where it is well, rejects where it is not. The signal aborts when its time is over. */
  readonly check: (signal: AbortSignal) => Promise<unknown>;
  /** Whether the service is of no use without it. Default true. */
  readonly isCritical: boolean;
  /** In milliseconds. */
  readonly timeoutMs: number;
}

export interface ChecksOptions {
  readonly checks: ReadonlyMap<string, Check>;
  /** For how long a result is given again, in milliseconds; 0: only to whoever asks meanwhile. */
  readonly keptMs: number;
  readonly clock: Clock;
  readonly onFailure: (name: string, error: unknown) => void;
}

/**
 * Asks all checks, for however many want to know. Whoever comes while that is under way, or shortly after, gets the same
 * results: a storm of probes costs what is behind us nothing.
 */
export class Checks {
  readonly #options: ChecksOptions;
  /** Those that have not come back, for however long that takes: a server that hangs is not asked again and again. */
  readonly #underWay = new Set<string>();
  readonly #end = new AbortController();
  #asking: Promise<Readonly<Record<string, CheckResult>>> | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;

  constructor(options: ChecksOptions) {
    this.#options = options;
  }

  /** The same object for as long as the results are the same asking's. */
  ask(): Promise<Readonly<Record<string, CheckResult>>> {
    const { clock, keptMs } = this.#options;
    if (this.#asking !== undefined && clock.monotonicMs() - this.#askedMs < keptMs) return this.#asking;
    const asking = this.#askAll();
    this.#asking = asking;
    // Counted from the answer: else slow checks would never be kept, and nobody would join those that are under way.
    this.#askedMs = Number.POSITIVE_INFINITY;
    void asking.then(() => {
      this.#askedMs = clock.monotonicMs();
    });
    return asking;
  }

  /** The results when nothing is asked. */
  notAsked(): Readonly<Record<string, CheckResult>> {
    return Object.fromEntries(
      Array.from(this.#options.checks.keys(), (name) => [name, 'not asked'] as const),
    );
  }

  async #askAll(): Promise<Readonly<Record<string, CheckResult>>> {
    const entries = Array.from(
      this.#options.checks,
      async ([name, check]) => [name, await this.#askOne(name, check)] as const,
    );
    return Object.fromEntries(await Promise.all(entries));
  }

  async #askOne(name: string, { check, timeoutMs }: Check): Promise<CheckResult> {
    if (this.#underWay.has(name)) return 'no answer in time';
    const { clock, onFailure } = this.#options;
    const limited = await withTimeLimit(
      { clock, limitMs: timeoutMs, end: this.#end.signal },
      async (signal) => {
        this.#underWay.add(name);
        try {
          await check(signal);
        } finally {
          this.#underWay.delete(name);
        }
      },
    );
    if (limited.kind === 'done') return 'ok';
    onFailure(
      name,
      limited.kind === 'failed' ? limited.error : new Error(`no answer within ${timeoutMs} ms`),
    );
    return limited.kind === 'failed' ? 'failed' : 'no answer in time';
  }
}

import type { GeneratorSample } from '../measure/generator.ts';
import type { GeneratorWatch } from '../measure/generator-watch.ts';

/** The watch of a worker's process, which its jobs share: two of them would each see the whole of it. */
export class ProcessWatch {
  readonly #open: (startMs: number) => GeneratorWatch;
  #watch: GeneratorWatch | undefined;
  #jobs = 0;
  /** The end of the last sample that was handed over. */
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(open: (startMs: number) => GeneratorWatch) {
    this.#open = open;
  }

  /** Watches for one job more, until that stops its watch. @param startMs when the run began. */
  join(startMs: number): GeneratorWatch {
    if (this.#jobs++ === 0) this.#watch = this.#open(startMs);
    const watch = this.#watch as GeneratorWatch;
    return {
      get samples() {
        return watch.samples;
      },
      late: (latenessMs) => watch.late(latenessMs),
      stop: () => {
        if (--this.#jobs === 0) watch.stop();
      },
    };
  }

  /** What was seen since it was last asked. */
  takeSamples(): GeneratorSample[] {
    const samples = this.#watch?.samples ?? [];
    const fresh = samples.slice(samples.findLastIndex(({ endMs }) => endMs <= this.#toldMs) + 1);
    this.#toldMs = fresh.at(-1)?.endMs ?? this.#toldMs;
    return fresh;
  }
}

import type { Clock } from 'loadline/base';
import { parsePrometheus } from 'loadline/metrics';
import { compareReadings, type Reading, readingOfScrape } from '../collect/index.ts';
import { Problem } from '../problems/index.ts';
import type { Delivery } from './intake.ts';

export interface PushedPage {
  readonly service: string;
  readonly instance?: string | undefined;
  readonly text: string;
}

/** A page as samples, and how to forget that it came, because it will be sent again. */
export interface PageDelivery extends Delivery {
  undo(): void;
}

const samplesMax = 20_000;
const keptSamplesMax = 10_000;
/** Of how many pages, and of how many series in all, the last one is remembered. */
const pagesMax = 1000;
const seriesMax = 100_000;

/**
 * Reads pages of Prometheus text as if whoever pushed them had been asked: known metrics get their names, and what has grown is
 * compared with the page before of this service and instance. Pages that came longest ago are forgotten where there are too many;
 * then the next one gives gauges alone, as the first does.
 */
export class PushedPages {
  readonly #clock: Clock;
  /** By who pushed it, the one that came longest ago first. */
  readonly #last = new Map<string, Reading>();
  #series = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws CONTROL_PLANE_BODY_TOO_LARGE above 20,000 samples, CONTROL_PLANE_BODY_MALFORMED where there is none. */
  read({ service, instance, text }: PushedPage): PageDelivery {
    const scrape = parsePrometheus(text, { samplesMax });
    if (scrape.isCut) {
      const detail = `There are more than ${samplesMax} samples on the page. Push less at once.`;
      throw new Problem('CONTROL_PLANE_BODY_TOO_LARGE', detail);
    }
    const at = { atMs: this.#clock.now(), monotonicMs: this.#clock.monotonicMs() };
    const reading = readingOfScrape(scrape, at);
    if (reading.families.size === 0) throw noMetrics(scrape.problems);
    const key = JSON.stringify([service, instance]);
    const before = this.#last.get(key);
    const { samples, leftOut } = compareReadings(before, reading, {
      service,
      instance,
      samplesMax: keptSamplesMax,
      seriesOf: (series) => series,
    });
    this.#remember(key, reading);
    return {
      samples,
      pointerOf: (index) => `/${samples[index]?.series.metric ?? ''}`,
      refused: scrape.badLines,
      problems: scrape.problems.map(problemOf),
      leftOut,
      isRemembered: true,
      undo: () => {
        if (this.#last.get(key) === reading) this.#remember(key, before);
      },
    };
  }

  #remember(key: string, reading: Reading | undefined): void {
    this.#forget(key);
    if (reading === undefined) return;
    this.#last.set(key, reading);
    this.#series += sizeOf(reading);
    for (const first of this.#last.keys()) {
      if (this.#last.size <= pagesMax && this.#series <= seriesMax) return;
      this.#forget(first);
    }
  }

  #forget(key: string): void {
    const known = this.#last.get(key);
    if (known === undefined) return;
    this.#series -= sizeOf(known);
    this.#last.delete(key);
  }
}

function sizeOf({ families }: Reading): number {
  return families.values().reduce((sum, { series }) => sum + series.size, 0);
}

/** `line 7: "up one" has no number`, as the parser says it. */
function problemOf(problem: string): { readonly pointer: string; readonly detail: string } {
  const [, line, detail] = /^line (\d+): (.*)$/su.exec(problem) ?? [];
  return { pointer: `/line/${line ?? ''}`, detail: detail ?? problem };
}

function noMetrics(problems: readonly string[]): Problem {
  const [first] = problems;
  const told = first === undefined ? '' : ` The first mistake: ${first}.`;
  return new Problem('CONTROL_PLANE_BODY_MALFORMED', `There are no samples on the page.${told}`);
}

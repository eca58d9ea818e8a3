import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { createRandom, integerBetween, type Random } from 'loadline/base';
import type { Effect, ReportedRun } from 'loadline/load/compare';
import { compareMeasured } from '../../../src/load/compare/compare-runs.ts';
import { type MeasuredRun, measureRun } from '../../../src/load/compare/measure-run.ts';

/**
 * Runs of a real server on loopback, as tools/record-runs.ts records them: `slow` are runs of a build whose search
 * takes a tenth longer.
 */
export interface Recorded {
  readonly base: readonly MeasuredRun[];
  readonly slow: readonly MeasuredRun[];
}

export function readRecorded(): Recorded {
  const file = new URL('recorded/shop.json.gz', import.meta.url);
  const { base, slow } = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as {
    readonly base: readonly ReportedRun[];
    readonly slow: readonly ReportedRun[];
  };
  return { base: base.map(measureRun), slow: slow.map(measureRun) };
}

export interface Draws {
  readonly comparisons: number;
  /** Runs on each side. */
  readonly size: number;
  readonly seed: number | string;
}

/** How many comparisons did what they should, of sets that are drawn without repetition from recorded runs. */
export interface Judgement {
  /** Comparisons of the build with itself in which any metric of any endpoint was called worse or better. */
  readonly falseAlarms: number;
  /** Comparisons with the slow build in which its search was called worse. */
  readonly named: number;
  /** Comparisons with the slow build in which another endpoint was called worse or better. */
  readonly misnamed: number;
}

export function judgeRecorded({ base, slow }: Recorded, { comparisons, size, seed }: Draws): Judgement {
  const random = createRandom(seed);
  const judgement = { falseAlarms: 0, named: 0, misnamed: 0 };
  for (let round = 0; round < comparisons; round++) {
    const drawn = draw(base, 2 * size, random);
    const [a, again, slowed] = [drawn.slice(0, size), drawn.slice(size), draw(slow, size, random)];
    if (alarmsOf(a, again, random).length > 0) judgement.falseAlarms++;
    const alarms = alarmsOf(a, slowed, random);
    if (alarms.some(({ endpoint, verdict }) => endpoint === 'search' && verdict === 'worse'))
      judgement.named++;
    if (alarms.some(({ endpoint }) => endpoint !== undefined && endpoint !== 'search')) judgement.misnamed++;
  }
  return judgement;
}

function alarmsOf(a: readonly MeasuredRun[], b: readonly MeasuredRun[], random: Random): Effect[] {
  const effects = compareMeasured(a, b, { margin: 0.05, errorMargin: 0.001, confidence: 0.98, random });
  return effects.filter(({ verdict }) => verdict === 'worse' || verdict === 'better');
}

function draw<Item>(items: readonly Item[], count: number, random: Random): Item[] {
  const left = [...items];
  return Array.from({ length: count }, () => {
    const [drawn] = left.splice(integerBetween(random, 0, left.length - 1), 1);
    return drawn as Item;
  });
}

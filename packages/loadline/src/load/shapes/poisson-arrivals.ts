import { createRandom, type Random } from '../../base/index.ts';
import { whenPassed } from './ramping-rate.ts';
import { noUsers, type Shape } from './shape.ts';

/**
 * Arrivals at random, as strangers come: a Poisson process whose rate is constant or goes evenly from one
 * level to another. Repeated by its seed, and had by index like any other schedule.
 *
 * In the time in which arrivals come at a rate of 1, the process is cut into equal blocks. How many arrivals
 * a block has is a Poisson draw of its own stream; where they stand in it are the order statistics of so many
 * uniform draws, made from exponential distances (Devroye, Non-Uniform Random Variate Generation, V.3.1).
 * Only the counts are kept, so a schedule of a hundred million arrivals is a list of a hundred thousand.
 */
export function poissonArrivals(from: number, to: number, durationMs: number, seed: string): Shape {
  const total = (((from + to) / 2) * durationMs) / 1000;
  const blocks = Math.max(1, Math.ceil(total / blockMean));
  const mean = total / blocks;
  const before = new Float64Array(blocks + 1);
  for (let block = 0; block < blocks; block++)
    before[block + 1] = (before[block] as number) + poisson(createRandom(`${seed}/${block}/count`), mean);
  let present = -1;
  let places: Float64Array = new Float64Array(0);
  return {
    ...noUsers,
    arrivals: before[blocks] as number,
    arrivalAt(index) {
      const block = blockOf(before, index);
      if (block !== present) {
        const count = (before[block + 1] as number) - (before[block] as number);
        places = sortedUniforms(createRandom(`${seed}/${block}/places`), count);
        present = block;
      }
      const place = places[index - (before[block] as number)] as number;
      return whenPassed(from, to, durationMs, (block + place) * mean);
    },
    untilNext: 0,
  };
}

/** Arrivals a block; a block is drawn anew when another was looked at. */
const blockMean = 1024;

/** The block in which an arrival stands, by bisection. */
function blockOf(before: Float64Array, index: number): number {
  let low = 0;
  let high = before.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((before[middle] as number) <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}

function sortedUniforms(random: Random, count: number): Float64Array {
  const places = new Float64Array(count);
  let sum = 0;
  for (let index = 0; index < count; index++) {
    sum -= Math.log(1 - random());
    places[index] = sum;
  }
  sum -= Math.log(1 - random());
  for (let index = 0; index < count; index++) places[index] = (places[index] as number) / sum;
  return places;
}

/** A Poisson draw as a sum of small ones, each by multiplying uniforms (Knuth, TAOCP 2, 3.4.1). */
function poisson(random: Random, mean: number): number {
  let drawn = 0;
  for (let left = mean; left > 0; left -= smallMean) {
    const limit = Math.exp(-Math.min(left, smallMean));
    for (let product = random(); product > limit; product *= random()) drawn++;
  }
  return drawn;
}

const smallMean = 16;

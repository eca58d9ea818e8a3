/**
 * Randomness as a parameter: a stream of numbers in [0, 1) that a seed repeats exactly. Not for secrets.
 */
export type Random = () => number;

/**
 * A seeded stream by sfc32 (Chris Doty-Humphrey, PractRand), which passes PractRand's and BigCrush's tests;
 * the 32-bit seed is spread over its state by splitmix32. Strings are hashed by FNV-1a first.
 *
 * @param stream one of 2^32 streams of the seed, each from a state of its own: a hash of many names would give
 *   two of them the same stream before long.
 */
export function createRandom(seed: number | string, stream = 0): Random {
  let spread = typeof seed === 'number' ? seed >>> 0 : fnv1a(seed);
  const splitmix = (): number => {
    spread = (spread + 0x9e3779b9) | 0;
    let z = spread ^ (spread >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix() ^ stream;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** A whole number in [from, to], both included. */
export function integerBetween(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

/** A draw of the exponential distribution with this mean, by inversion. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** A draw of the normal distribution, by Box and Muller's transform. */
export function normal(random: Random, mean: number, deviation: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return mean + deviation * radius * Math.cos(2 * Math.PI * random());
}

/** A picker of indices in proportion to their weights (all at least 0, one above 0), by binary search. */
export function weightedPicker(weights: readonly number[]): (random: Random) => number {
  const cumulative: number[] = [];
  let total = 0;
  for (const weight of weights) {
    total += weight;
    cumulative.push(total);
  }
  return (random) => {
    const drawn = random() * total;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (drawn < (cumulative[middle] as number)) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Gives out places, and hands on what was written there, many at a time. */
export interface Batch {
  /** A place from 0 to `placesMax` − 1, to be written to at once. */
  claim(): number;
  /** Hands on what is there: to be called before anybody looks. */
  flush(): void;
}

/** How many places there are: as long is a column that is written to. */
export const placesMax = 64;

/**
 * Between two requests a service has done so much else that neither our code nor our numbers are in the cache of the CPU any
 * more. To fetch them took longer than all that is done with them; so it is done once for 64 requests. Notes are kept in
 * columns that are always the same: as objects, each was far away by the time it was looked at, and took as long again.
 *
 * @param take hands on what stands at the places below `count`.
 */
export function createBatch(take: (count: number) => void): Batch {
  let claimed = 0;
  function flush(): void {
    const count = claimed;
    claimed = 0;
    take(count);
  }
  return {
    claim() {
      if (claimed === placesMax) flush();
      return claimed++;
    },
    flush,
  };
}

/** Takes what is noted for every request, and hands it on many at a time. */
export interface Batch<Item> {
  note(item: Item): void;
  /** Hands on what is there: to be called before anybody looks. */
  flush(): void;
}

const itemsMax = 64;

/**
 * Between two requests a service has done so much else that neither our code nor our numbers are in the cache of the CPU any
 * more. To fetch them took longer than all that is done with them; so it is done once for 64 requests.
 */
export function createBatch<Item>(take: (item: Item) => void): Batch<Item> {
  let items: Item[] = [];
  function flush(): void {
    const taken = items;
    items = [];
    for (const item of taken) take(item);
  }
  return {
    note(item) {
      if (items.push(item) === itemsMax) flush();
    },
    flush,
  };
}

/** A place in a list that goes by time and id. */
export interface Placed {
  readonly atMs: number;
  readonly id: string;
}

export interface PageOf<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | undefined;
}

/**
 * A page of a list whose newest come first. A cursor is the place of the last item of the page before: what is added or goes
 * meanwhile moves nothing. Pure.
 *
 * @returns undefined where the cursor is none that was given out.
 */
export function pageOf<Item>(
  all: readonly Item[],
  placeOf: (item: Item) => Placed,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
): PageOf<Item> | undefined {
  const after = cursor === undefined ? undefined : readCursor(cursor);
  if (cursor !== undefined && after === undefined) return undefined;
  const rest = all
    .filter((item) => after === undefined || compare(after, placeOf(item)) < 0)
    .toSorted((a, b) => compare(placeOf(a), placeOf(b)));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  const nextCursor = rest.length > limit && last !== undefined ? writeCursor(placeOf(last)) : undefined;
  return { items, nextCursor };
}

function compare(a: Placed, b: Placed): number {
  return b.atMs - a.atMs || (a.id < b.id ? -1 : Number(a.id > b.id));
}

function writeCursor({ atMs, id }: Placed): string {
  return `${atMs}.${id}`;
}

function readCursor(text: string): Placed | undefined {
  const [, atMs, id] = /^(\d{1,15})\.([0-9a-f]{1,64})$/.exec(text) ?? [];
  return atMs === undefined || id === undefined ? undefined : { atMs: Number(atMs), id };
}

/** A moment as the API tells it. */
export function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** Between which times something is asked for, as the store is asked: neither of them need be there. */
export function timesOf({
  from,
  to,
}: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): { readonly fromMs?: number; readonly toMs?: number } {
  return {
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
  };
}

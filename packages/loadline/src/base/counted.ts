/** A number of things for people: `1 request`, `12,345 requests`. @param one as one of them is called. */
export function counted(count: number, one: string): string {
  return `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;
}

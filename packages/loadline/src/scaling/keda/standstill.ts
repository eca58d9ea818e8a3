/** An autoscaler that was told another number than there is, and since when it has changed nothing. */
export interface Standstill {
  /** How many there are to be by the autoscaler. */
  readonly there: number;
  readonly towards: 'more' | 'fewer';
  /** By the monotonic clock. */
  readonly sinceMs: number;
}

/**
 * Whether an autoscaler does what it was told. Pure. Whatever it changes counts as a sign that it is at it; another wish in the
 * same direction does not: who makes no more of 20 makes no more of 25.
 *
 * @returns undefined where it has nothing to do: it is told what there is, or so nearly that it leaves it.
 */
export function standstillOf(
  before: Standstill | undefined,
  { wanted, there, nowMs }: { readonly wanted: number; readonly there: number; readonly nowMs: number },
): Standstill | undefined {
  if (isLeft(wanted, there)) return undefined;
  const towards = wanted > there ? 'more' : 'fewer';
  const isSame = before?.there === there && before.towards === towards;
  return isSame ? before : { there, towards, sinceMs: nowMs };
}

/** Of an autoscaler of Kubernetes: to wait for what lies within it would be to wait for ever. */
const tolerance = 0.1;

function isLeft(wanted: number, there: number): boolean {
  // Of none, any is more than a tenth.
  return wanted === there || Math.abs(wanted / there - 1) <= tolerance + 1e-9;
}

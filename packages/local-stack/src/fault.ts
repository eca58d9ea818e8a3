import { localStackError } from './errors.ts';

/** Which way the bytes flow that a fault concerns: to the target, from it, or both. Default: both. */
export type FaultDirection = 'upstream' | 'downstream' | 'both';

/** What the proxy does to connections, those that are open and those that come. */
export type Fault =
  /** Every byte arrives later by `delayMs`, plus up to `jitterMs`, and in order. */
  | {
      readonly kind: 'delay';
      readonly delayMs: number;
      /** Default 0. */
      readonly jitterMs?: number;
      readonly direction?: FaultDirection;
    }
  /** Each direction of each connection passes this many bytes a second at most. */
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number; readonly direction?: FaultDirection }
  /** Each byte is changed to another with this probability, 0 to 1. */
  | { readonly kind: 'corrupt'; readonly ratio: number; readonly direction?: FaultDirection }
  /** Connections are accepted and kept, but nothing passes and nothing is closed: a peer that has gone silent. */
  | { readonly kind: 'half-open'; readonly direction?: FaultDirection }
  /** Open connections are ended in order (FIN), in the middle of whatever they carry; new ones are refused. */
  | { readonly kind: 'cut' }
  /** Open and new connections are reset (RST). */
  | { readonly kind: 'reset' };

/** What a fault means for one direction: what delays, throttles, corrupts or holds it; undefined: nothing. */
export type LaneFault = Exclude<Fault, { readonly kind: 'cut' | 'reset' }>;

/** The part of a fault that concerns this direction. */
export function faultOn(
  direction: Exclude<FaultDirection, 'both'>,
  fault: Fault | undefined,
): LaneFault | undefined {
  if (fault === undefined || fault.kind === 'cut' || fault.kind === 'reset') return undefined;
  const { direction: concerned = 'both' } = fault;
  return concerned === 'both' || concerned === direction ? fault : undefined;
}

/** @throws LOCAL_STACK_OPTION_INVALID when a number is out of its range. */
export function checkFault(fault: Fault): void {
  if (fault.kind === 'delay') {
    requireNumber('delayMs', fault.delayMs, 0, delayMsMax);
    requireNumber('jitterMs', fault.jitterMs ?? 0, 0, delayMsMax);
  }
  if (fault.kind === 'throttle') requireNumber('bytesPerSecond', fault.bytesPerSecond, 1, 1e12);
  if (fault.kind === 'corrupt') requireNumber('ratio', fault.ratio, 0, 1);
}

const delayMsMax = 3_600_000;

function requireNumber(name: string, value: number, atLeast: number, atMost: number): void {
  if (value >= atLeast && value <= atMost) return;
  throw localStackError(
    'LOCAL_STACK_OPTION_INVALID',
    `Cannot inject this fault: ${name} must be a number from ${atLeast} to ${atMost}, got ${value}. Set ${name}.`,
    { facts: { option: name, value } },
  );
}

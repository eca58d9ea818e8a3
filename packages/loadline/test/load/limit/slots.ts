import type { FunctionReply } from 'loadline/load';
import { answerAfter } from '../../simulation/simulate.ts';

/** A target with so many slots, each busy for so long with a request: its capacity is known by design. */
export function slots(
  count: number,
  serviceMs: number,
): (request: unknown, elapsedMs: number) => FunctionReply {
  const freeMs = new Array<number>(count).fill(0);
  return (_, elapsedMs) => {
    const first = freeMs.indexOf(Math.min(...freeMs));
    const endMs = Math.max(elapsedMs, freeMs[first] as number) + serviceMs;
    freeMs[first] = endMs;
    return answerAfter(endMs - elapsedMs);
  };
}

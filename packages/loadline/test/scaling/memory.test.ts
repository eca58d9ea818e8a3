import { createScalingMemory } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { describeScalingMemory, scalingEvent } from '../contracts/scaling-memory-contract.ts';

describeScalingMemory(
  'the memory of a process',
  async () => {
    const memory = createScalingMemory();
    return { memory, again: () => memory, [Symbol.asyncDispose]: async () => undefined };
  },
  1_000_000,
);

describe('the memory of a process', () => {
  it('holds as many events as it was made for', async () => {
    const memory = createScalingMemory(2);
    for (const atMs of [1, 2, 3]) await memory.record(scalingEvent('api', atMs));
    expect((await memory.load()).events.map(({ atMs }) => atMs)).toEqual([2, 3]);
  });
});

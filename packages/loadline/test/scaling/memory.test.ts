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
  it('forgets the oldest of the group in which the most happens', async () => {
    const memory = createScalingMemory(4);
    await memory.record(scalingEvent('api', 1));
    for (const atMs of [2, 3, 4, 5, 6]) await memory.record(scalingEvent('bots', atMs));
    expect((await memory.events({ limit: 10 })).map(({ atMs }) => atMs)).toEqual([6, 5, 4, 1]);
    expect((await memory.events({ group: 'api', limit: 10 })).map(({ atMs }) => atMs)).toEqual([1]);
  });
});

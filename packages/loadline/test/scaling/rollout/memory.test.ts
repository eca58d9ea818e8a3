import { createRolloutMemory } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { describeRolloutMemory, rolloutState } from '../../contracts/rollout-memory-contract.ts';

describeRolloutMemory('this process', async () => {
  const memory = createRolloutMemory();
  return { memory, again: () => memory, async [Symbol.asyncDispose]() {} };
});

describe('createRolloutMemory()', () => {
  it('forgets the oldest of too many', async () => {
    const memory = createRolloutMemory(2);
    for (const id of ['a', 'b', 'c']) await memory.save(rolloutState(id));
    expect((await memory.load()).map(({ id }) => id)).toEqual(['b', 'c']);
  });
});

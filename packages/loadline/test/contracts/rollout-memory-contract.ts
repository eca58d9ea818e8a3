import { parseRolloutPlan, type RolloutMemory, type RolloutState } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import { startRollout, turn } from '../../src/scaling/rollout/state.ts';

/** A memory that remembers no rollout yet; `again` opens a second one on the same things, as after a restart. */
export interface RolloutMemoryUnderTest extends AsyncDisposable {
  readonly memory: RolloutMemory;
  readonly again: () => RolloutMemory;
}

export function rolloutState(id: string, atMs = 1000): RolloutState {
  const plan = parseRolloutPlan({ canary: { steps: [{ share: 0.1 }] } });
  if (!plan.ok) throw new Error('The plan is one.');
  const order = {
    id,
    group: `group of ${id}`,
    baseline: '1.0',
    candidate: '1.1',
    plan: plan.value,
    startedBy: 'ada',
  };
  return startRollout(order, atMs);
}

/** One more version of it. */
function changed(state: RolloutState, reason: string): RolloutState {
  return {
    ...turn(state, { phase: 'watching', atMs: 2000, share: 0.1, reason }),
    version: state.version + 1,
  };
}

/** What every memory of rollouts promises. */
export function describeRolloutMemory(name: string, open: () => Promise<RolloutMemoryUnderTest>): void {
  describe(`${name} as a memory of rollouts`, () => {
    it('gives back what was saved last, after a restart too', async () => {
      await using opened = await open();
      const first = rolloutState('r1');
      expect(await opened.memory.save(first)).toBe('saved');
      const second = changed(first, 'It is ready.');
      expect(await opened.memory.save(second)).toBe('saved');
      for (const memory of [opened.memory, opened.again()]) expect(await memory.load()).toEqual([second]);
    });

    it('takes a change only of the version that is remembered', async () => {
      await using opened = await open();
      const first = rolloutState('r1');
      expect(await opened.memory.save(changed(first, 'Nobody has begun it.'))).toBe('conflict');
      await opened.memory.save(first);
      expect(await opened.memory.save(first)).toBe('conflict');
      await opened.memory.save(changed(first, 'One was quicker.'));
      expect(await opened.again().save(changed(first, 'The other was not.'))).toBe('conflict');
      expect(await opened.memory.load()).toMatchObject([{ reason: 'One was quicker.', version: 2 }]);
    });

    it('forgets what it is told to, and lets its id be used again', async () => {
      await using opened = await open();
      await opened.memory.save(rolloutState('a'));
      await opened.memory.save(rolloutState('b'));
      await opened.memory.forget('a');
      await opened.memory.forget('a');
      for (const memory of [opened.memory, opened.again()])
        expect((await memory.load()).map(({ id }) => id)).toEqual(['b']);
      expect(await opened.memory.save(rolloutState('a'))).toBe('saved');
    });

    it('keeps rollouts apart, the first that was started first', async () => {
      await using opened = await open();
      await opened.memory.save(rolloutState('b', 1000));
      await opened.memory.save(rolloutState('a', 2000));
      expect((await opened.memory.load()).map(({ id }) => id)).toEqual(['b', 'a']);
    });
  });
}

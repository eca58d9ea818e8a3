import { describe, expect, it } from 'vitest';
import { rolloutsEndedMax } from '../../src/scaling/rollout/memory.ts';
import { rolloutState } from '../contracts/rollout-memory-contract.ts';
import { good, openStage, quickPlan, request, type Stage, startedStage, until } from './rollout/stage.ts';

const bad = { latencyMs: 20, errorRatio: 0.4 };
const slower = { latencyMs: 22, errorRatio: 0.0005 };
const by = { by: 'bo', because: 'a test' };

describe('a rollout', () => {
  it('gives a build that is as good more and more, and in the end all', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.state().phase === 'promoted');
    expect(stage.shares).toEqual([0, 0.2, 1]);
    expect(stage.asked).toEqual(['carry 0.2', 'carry 1', 'promote']);
    expect(stage.state().log.map(({ phase }) => phase)).toEqual([
      'preparing',
      'watching',
      'preparing',
      'watching',
      'finishing',
      'promoted',
    ]);
    expect(stage.state().log[2]?.reason).toMatch(
      /^At 20 %, [\d,]+ requests in .+, it is (the same|no worse, and in part better): .*latency p95 .+ % \(.+ to .+\).* Next it gets 100 %\.$/,
    );
    await stage.rollouts.close();
    expect(stage.clock.pending).toBe(0);
  });

  it('turns the traffic back within five seconds when the candidate fails', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    await stage.clock.advance(30_300);
    stage.candidate = bad;
    expect(await until(stage, () => stage.share() === 0)).toBeLessThan(5000);
    await stage.clock.advance(2000);
    expect(stage.state()).toMatchObject({ phase: 'rolled back' });
    expect(stage.state().reason).toMatch(
      /^The candidate's requests failed: \d+ of \d+, where 5(\.\d+)? % are the limit\. 1\.1 is rolled back at api, from 20 % of the traffic\.$/,
    );
    expect(stage.state().log.at(-1)?.reason).toBe('The instances of 1.1 are gone from api.');
    expect(stage.asked.at(-1)).toBe('carry 0');
    await stage.rollouts.close();
  });

  it('turns it back as quickly when the candidate becomes far slower', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    await stage.clock.advance(30_300);
    stage.candidate = { latencyMs: 120, errorRatio: 0 };
    expect(await until(stage, () => stage.share() === 0)).toBeLessThan(5000);
    expect(stage.state().reason).toMatch(
      /The candidate's requests are slow: \d+ of \d+ took longer than .*, where the baseline's p95 is/,
    );
    await stage.rollouts.close();
  });

  it('guards a candidate that has all the traffic by how the baseline did before', async () => {
    const stage = await startedStage({ blueGreen: { keep: '10m' }, settle: '5s' });
    await until(stage, () => stage.share() === 1);
    await stage.clock.advance(60_000);
    stage.candidate = { latencyMs: 120, errorRatio: 0 };
    expect(await until(stage, () => stage.share() === 0)).toBeLessThan(5000);
    await stage.rollouts.close();
  });

  it('finds a candidate that is a tenth slower, and says by how much', async () => {
    const stage = await startedStage();
    stage.candidate = slower;
    await until(stage, () => stage.state().phase === 'rolled back');
    expect(stage.shares).toEqual([0, 0.2, 0]);
    expect(stage.state().reason).toMatch(/It is worse: latency (mean|p50|p95) \+\d/);
    expect(stage.state().log.at(-2)?.effects?.[0]).toMatchObject({
      verdict: 'worse',
      low: expect.any(Number),
    });
    await stage.rollouts.close();
  });

  it('turns it back when proxies have found the candidate unfit, and so keep its errors from the figures', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    stage.fitness = { kind: 'unfit', because: 'a proxy has found all of its instances unfit' };
    expect(await until(stage, () => stage.share() === 0)).toBeLessThan(5000);
    expect(stage.state().reason).toContain(
      'It gets no requests: a proxy has found all of its instances unfit.',
    );
    await stage.rollouts.close();
  });

  it('judges nothing of what it does while the share settles', async () => {
    const stage = await startedStage({ ...quickPlan, settle: '1m' });
    stage.candidate = { latencyMs: 30, errorRatio: 0 };
    await until(stage, () => stage.share() === 0.2);
    await stage.clock.advance(58_000);
    expect(stage.rollouts.status('r1').judgement.effects).toEqual([]);
    stage.candidate = good;
    await until(stage, () => stage.state().phase === 'promoted');
    expect(stage.shares).toEqual([0, 0.2, 1]);
    await stage.rollouts.close();
  });

  it('gives nothing to instances that a proxy has not found fit yet', async () => {
    const stage = await startedStage({ blueGreen: { verify: '5s' }, settle: '5s', prepareAtMost: '2m' });
    stage.fitness = { kind: 'partly fit', because: 'a proxy has 0 of its 2 instances up' };
    await stage.clock.advance(60_000);
    expect(stage.state()).toMatchObject({ phase: 'preparing', share: 0 });
    stage.fitness = { kind: 'fit' };
    await until(stage, () => stage.share() === 1);
    stage.fitness = { kind: 'partly fit', because: 'a proxy has 1 of its 2 instances up' };
    await stage.clock.advance(1_000_000);
    expect(stage.state()).toMatchObject({ phase: 'watching', share: 1 });
    await stage.rollouts.close();
  });

  it('has blue and green change places at once, and keeps blue for a while', async () => {
    const stage = await startedStage({ blueGreen: { verify: '5s', keep: '2m' }, settle: '5s' });
    await until(stage, () => stage.share() === 1);
    expect(stage.asked).toEqual(['carry 1']);
    await stage.clock.advance(60_000);
    expect(stage.asked).toEqual(['carry 1']);
    await until(stage, () => stage.state().phase === 'promoted');
    expect(stage.shares).toEqual([0, 1]);
    expect(stage.asked).toEqual(['carry 1', 'promote']);
    await stage.rollouts.close();
  });

  it('goes back to blue when somebody says so, and lets green go only then', async () => {
    const stage = await startedStage({ blueGreen: { verify: '5s', keep: '1h' }, settle: '5s' });
    await until(stage, () => stage.share() === 1);
    await stage.rollouts.rollBack('r1', by);
    expect(stage.share()).toBe(0);
    await until(stage, () => stage.state().phase === 'rolled back');
    expect(stage.asked).toEqual(['carry 1', 'carry 0']);
    await stage.rollouts.close();
  });

  it('gives traffic to no instance that is not ready, and gives up in the end', async () => {
    const stage = await startedStage({ ...quickPlan, prepareAtMost: '2m' });
    stage.capacity = { kind: 'coming', because: '0 of 1 are up' };
    await stage.clock.advance(60_000);
    expect(stage.shares).toEqual([0]);
    await stage.clock.advance(70_000);
    expect(stage.state()).toMatchObject({ phase: 'rolling back', share: 0 });
    expect(stage.state().reason).toContain('It was not ready within 2 m: 0 of 1 are up.');
    await stage.rollouts.close();
  });

  it('goes no further while instances are not ready, and verifies green only while they are', async () => {
    const stage = await startedStage({ blueGreen: { verify: '20s' }, settle: '5s' });
    await stage.clock.advance(10_000);
    expect(stage.state().phase).toBe('watching');
    stage.capacity = { kind: 'coming', because: '1 of 2 are up' };
    await stage.clock.advance(60_000);
    expect(stage.state()).toMatchObject({ phase: 'watching', share: 0 });
    expect(stage.state().seenMs).toBeLessThan(11_000);
    stage.capacity = { kind: 'ready' };
    await stage.clock.advance(15_000);
    expect(stage.share()).toBe(1);
    stage.capacity = { kind: 'coming', because: '1 of 2 are up' };
    await stage.clock.advance(1_000_000);
    expect(stage.state().phase).toBe('watching');
    await stage.rollouts.close();
  });

  it('turns back when instances of the candidate will not be ready any more', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    stage.capacity = { kind: 'failed', because: 'new-1 crashes again and again' };
    expect(await until(stage, () => stage.share() === 0)).toBeLessThan(5000);
    await stage.rollouts.close();
  });
});

describe('a rollout that does not see', () => {
  it.each(['lost', 'silent'] as const)(
    'pauses while the figures are %s, and goes on when they are back',
    async (how) => {
      const stage = await startedStage();
      await until(stage, () => stage.share() === 0.2);
      stage.readings = how;
      await stage.clock.advance(600_000);
      expect(stage.state()).toMatchObject({ phase: 'paused', pausedBy: 'blind', share: 0.2 });
      expect(stage.shares).toEqual([0, 0.2]);
      expect(stage.state().seenMs).toBeLessThan(5000);
      if (how === 'silent') return stage.rollouts.close();
      expect(stage.rollouts.status('r1').troubles).toEqual({
        traffic: 'the source of the figures failed: nobody answers',
      });
      stage.readings = 'there';
      await until(stage, () => stage.state().phase === 'promoted');
      expect(stage.shares).toEqual([0, 0.2, 1]);
      return stage.rollouts.close();
    },
  );

  it('gives nothing more while the figures are lost, however ready the instances are', async () => {
    const stage = await startedStage({ ...quickPlan, prepareAtMost: '5m' });
    stage.readings = 'lost';
    await stage.clock.advance(240_000);
    expect(stage.state()).toMatchObject({ phase: 'preparing', share: 0 });
    await stage.clock.advance(70_000);
    expect(stage.state().phase).toBe('rolled back');
    await stage.rollouts.close();
  });

  it('pauses while the candidate answers nothing', async () => {
    const stage = await startedStage();
    stage.ratePerSecond = 0;
    await stage.clock.advance(60_000);
    expect(stage.state()).toMatchObject({ phase: 'paused', pausedBy: 'blind' });
    expect(stage.state().reason).toContain('nothing was answered');
    await stage.rollouts.close();
  });

  it('is taken back when the pause has been too long', async () => {
    const stage = await startedStage({ ...quickPlan, pauseAtMost: '10m' });
    await until(stage, () => stage.share() === 0.2);
    stage.readings = 'lost';
    await stage.clock.advance(620_000);
    expect(stage.state().phase).toBe('rolled back');
    await stage.rollouts.close();
  });

  it.each([
    ['pause', 'paused'],
    ['go on', 'promoted'],
    ['roll back', 'rolled back'],
  ])('does as it is told where nothing can be said: %s', async (whenInconclusive, phase) => {
    const stage = await startedStage({ ...quickPlan, whenInconclusive, judge: { margin: 0.0005 } });
    await stage.clock.advance(15 * 60_000);
    expect(stage.state().phase).toBe(phase);
    expect(
      stage
        .state()
        .log.map(({ reason }) => reason)
        .join(' '),
    ).toContain('Nothing can be said of it after 10 m');
    await stage.rollouts.close();
  });

  it('goes no further where that cannot be remembered, and comes back all the same', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    stage.remembers = false;
    await stage.clock.advance(600_000);
    expect(stage.shares).toEqual([0, 0.2]);
    expect(stage.rollouts.status('r1').troubles.memory).toBe('the memory failed: the disk is full');
    stage.candidate = bad;
    expect(await until(stage, () => stage.share() === 0)).toBeLessThan(5000);
    stage.remembers = true;
    await stage.clock.advance(2000);
    expect((await stage.memory.load())[0]).toMatchObject({ phase: 'rolled back' });
    await stage.rollouts.close();
  });

  it('tells the proxies again and again while they hang, and counts no time meanwhile', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    stage.split = 'silent';
    await stage.clock.advance(60_000);
    expect(stage.state().isShareTaken).toBe(false);
    expect(stage.state().seenMs).toBeLessThan(30_000);
    await stage.rollouts.close();
  });
});

describe('a rollout whose share is not taken up', () => {
  it('pauses, so that the group can grow meanwhile, and goes on when it is', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    stage.split = 'away';
    await stage.clock.advance(60_000);
    expect(stage.state()).toMatchObject({ phase: 'paused', pausedBy: 'blind', isShareTaken: false });
    expect(stage.state().reason).toContain('its share was not taken up everywhere');
    expect(stage.rollouts.holdOf('api')).toMatchObject({ allows: 'scale out' });
    stage.split = 'there';
    await until(stage, () => stage.state().phase === 'promoted');
    expect(stage.shares).toEqual([0, 0.2, 1]);
    await stage.rollouts.close();
  });
});

describe('a rollout after a restart', () => {
  it('goes on from where it was', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    await stage.clock.advance(50_000);
    const { evidence, log } = stage.state();
    expect(evidence[0]?.differences[0]?.count).toBeGreaterThan(3);
    await stage.reopen();
    expect(stage.state().evidence).toEqual(evidence);
    expect(stage.state().log).toEqual(log);
    await until(stage, () => stage.state().phase === 'promoted');
    expect(stage.shares).toEqual([0, 0.2, 1]);
    await stage.rollouts.close();
  });

  it('tells the share again, to whatever may have forgotten it', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    await stage.clock.advance(2000);
    stage.forget();
    await stage.reopen();
    await stage.clock.advance(1500);
    expect(stage.share()).toBe(0.2);
    await stage.rollouts.close();
  });

  it('is plain data, which survives being written as JSON', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 1);
    const state = stage.state();
    expect(JSON.parse(JSON.stringify(state))).toEqual(JSON.parse(JSON.stringify(state)));
    expect(JSON.stringify(state)).not.toContain('null');
    expect(JSON.stringify(state).length).toBeLessThan(20_000);
    await stage.rollouts.close();
  });

  it('ends a way back that had begun', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    stage.split = 'silent';
    await stage.clock.advance(11_000);
    const order = stage.rollouts.rollBack('r1', by);
    await stage.clock.advance(3000);
    await order;
    expect(stage.share()).toBe(0.2);
    // Instances that still get requests do not go.
    expect(stage.asked).not.toContain('carry 0');
    stage.split = 'there';
    await stage.reopen();
    await stage.clock.advance(5000);
    expect(stage.share()).toBe(0);
    expect(stage.state().phase).toBe('rolled back');
    await stage.rollouts.close();
  });
});

describe('a rollout that somebody else has changed', () => {
  async function changeBehind(stage: Stage): Promise<void> {
    const [state] = await stage.memory.load();
    if (state === undefined) throw new Error('Nothing is remembered.');
    const { version } = state;
    await stage.memory.save({
      ...state,
      version: version + 1,
      phase: 'paused',
      pausedBy: 'person',
      reason: 'elsewhere',
    });
  }

  it('takes over what they have made of it', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    await changeBehind(stage);
    await stage.clock.advance(600_000);
    expect(stage.state()).toMatchObject({ phase: 'paused', reason: 'elsewhere', share: 0.2 });
    expect(stage.shares).toEqual([0, 0.2]);
    expect(stage.rollouts.status('r1').counts.unremembered).toBe(1);
    await stage.rollouts.close();
  });

  it('follows an order to go back that is given to it', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    await changeBehind(stage);
    await stage.rollouts.rollBack('r1', by);
    expect(stage.share()).toBe(0);
    await until(stage, () => stage.state().phase === 'rolled back');
    expect((await stage.memory.load())[0]?.phase).toBe('rolled back');
    await stage.rollouts.close();
  });

  it('goes back all the same when it has to', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    await changeBehind(stage);
    stage.candidate = bad;
    expect(await until(stage, () => stage.share() === 0)).toBeLessThan(5000);
    await stage.clock.advance(3000);
    expect((await stage.memory.load())[0]?.phase).toBe('rolled back');
    await stage.rollouts.close();
  });
});

describe('whoever looks after a rollout', () => {
  it('pauses it, and lets it go on', async () => {
    const stage = await startedStage();
    await until(stage, () => stage.share() === 0.2);
    await stage.rollouts.pause('r1', by);
    await stage.clock.advance(600_000);
    expect(stage.state()).toMatchObject({
      phase: 'paused',
      pausedBy: 'person',
      reason: 'bo paused it: a test',
    });
    expect(stage.share()).toBe(0.2);
    await stage.rollouts.resume('r1', by);
    await until(stage, () => stage.state().phase === 'promoted');
    await stage.rollouts.close();
  });

  it('takes a step for passed, or all of them but the last', async () => {
    const stage = await startedStage({
      canary: { steps: [{ share: 0.1 }, { share: 0.2 }, { share: 0.5 }], keep: '1m' },
      settle: '1s',
    });
    await until(stage, () => stage.share() === 0.1);
    await stage.rollouts.promote('r1', by);
    await until(stage, () => stage.share() === 0.2);
    await stage.rollouts.promote('r1', { ...by, all: true });
    await until(stage, () => stage.share() === 1);
    expect(stage.shares).toEqual([0, 0.1, 0.2, 1]);
    await stage.rollouts.close();
  });

  it('lets nobody of the baseline go before the candidate can carry all, however often it is promoted', async () => {
    const stage = await startedStage({ blueGreen: { verify: '5s' }, settle: '1s' });
    stage.capacity = { kind: 'coming', because: '0 of 4 instances are ready' };
    await stage.clock.advance(3000);
    await stage.rollouts.promote('r1', { ...by, all: true });
    await stage.rollouts.promote('r1', { ...by, all: true });
    await stage.clock.advance(10_000);
    expect(stage.state()).toMatchObject({ phase: 'preparing', step: 1, share: 0 });
    await stage.rollouts.pause('r1', by);
    await expect(stage.rollouts.promote('r1', by)).rejects.toMatchObject({ code: 'SCALING_ROLLOUT_PAST' });
    await stage.rollouts.promote('r1', { ...by, all: true });
    await stage.clock.advance(10_000);
    expect(stage.state()).toMatchObject({ phase: 'preparing', step: 1, share: 0 });
    expect(stage.asked).toEqual(['carry 1']);
    stage.capacity = { kind: 'ready' };
    await until(stage, () => stage.share() === 1);
    await stage.rollouts.close();
  });

  it('is told what cannot be done any more', async () => {
    const stage = await startedStage();
    await expect(stage.rollouts.resume('r1', by)).rejects.toMatchObject({ code: 'SCALING_ROLLOUT_PAST' });
    await until(stage, () => stage.state().phase === 'promoted');
    for (const order of ['pause', 'promote', 'rollBack'] as const) {
      await expect(stage.rollouts[order]('r1', by)).rejects.toMatchObject({ code: 'SCALING_ROLLOUT_PAST' });
    }
    expect(() => stage.rollouts.status('r2')).toThrow('Cannot find the rollout "r2"');
    await stage.rollouts.close();
  });

  it('starts one of a group at a time, and each under a name of its own', async () => {
    const stage = await startedStage();
    const another = { ...request, id: 'r2', plan: quickPlan };
    await expect(stage.rollouts.start(another)).rejects.toMatchObject({
      code: 'SCALING_ROLLOUT_CONFLICT',
      message: 'Cannot start a rollout at api: r1 is under way there. Let it end, or roll it back.',
      facts: { running: 'r1' },
    });
    await stage.rollouts.rollBack('r1', by);
    await until(stage, () => stage.state().phase === 'rolled back');
    await expect(stage.rollouts.start({ ...another, id: 'r1' })).rejects.toMatchObject({
      code: 'SCALING_ROLLOUT_CONFLICT',
      message: expect.stringContaining('there is r1 already. Give this one an id of its own'),
    });
    await expect(stage.rollouts.start(another)).resolves.toMatchObject({ state: { phase: 'preparing' } });
    expect(stage.rollouts.ids).toEqual(['r2', 'r1']);
    await stage.rollouts.close();
  });

  it('keeps the latest of those that have ended, and those that are under way', async () => {
    const stage = await openStage();
    for (let index = 0; index < rolloutsEndedMax; index++) {
      const state = rolloutState(`old-${index}`, index);
      await stage.memory.save({ ...state, phase: 'promoted', phaseAtMs: index });
    }
    await stage.reopen();
    await stage.rollouts.start({ ...request, plan: quickPlan });
    await stage.clock.advance(2000);
    expect(stage.rollouts.ids).toHaveLength(rolloutsEndedMax + 1);
    await stage.rollouts.rollBack('r1', by);
    await until(stage, () => stage.state().phase === 'rolled back');
    stage.remembers = false;
    await stage.clock.advance(2000);
    expect(stage.rollouts.ids).toContain('old-0');
    stage.remembers = true;
    await stage.clock.advance(2000);
    expect(stage.rollouts.ids).toHaveLength(rolloutsEndedMax);
    expect([stage.rollouts.ids[0], stage.rollouts.ids.at(-1)]).toEqual(['r1', 'old-1']);
    expect(await stage.memory.load()).toHaveLength(rolloutsEndedMax);
    expect(() => stage.rollouts.status('old-0')).toThrow(/there is none/);
    await stage.rollouts.close();
  });

  it('is told everything that is wrong with a request', async () => {
    const stage = await openStage();
    const wrong = { ...request, id: 'r 1', candidate: '1.0', plan: { canary: { steps: [] }, settle: '5' } };
    await expect(stage.rollouts.start(wrong)).rejects.toMatchObject({
      code: 'SCALING_ROLLOUT_INVALID',
      facts: { problems: { length: 4 } },
    });
    stage.remembers = false;
    await expect(stage.rollouts.start({ ...request, plan: quickPlan })).rejects.toMatchObject({
      code: 'SCALING_MEMORY_FAILED',
    });
    expect(stage.rollouts.ids).toEqual([]);
    await stage.rollouts.close();
  });
});

describe('a rollout that flags let start', () => {
  const plan = { ...quickPlan, flag: 'checkout' };
  const held = (because: string) => ({
    code: 'SCALING_ROLLOUT_HELD',
    message: `Cannot roll out 1.1 at api: ${because}. Change that, then start it again.`,
  });

  it('is refused while the flag of all rollouts, or that of its plan, is off', async () => {
    const stage = await openStage();
    const off = new Set(['scaling-rollout', 'checkout']);
    const asked: unknown[] = [];
    await stage.reopen({
      gate(name, context) {
        asked.push([name, context]);
        return !off.has(name);
      },
    });
    const start = () => stage.rollouts.start({ ...request, plan });
    await expect(start()).rejects.toMatchObject(held('the flag scaling-rollout is off'));
    off.delete('scaling-rollout');
    await expect(start()).rejects.toMatchObject(held('the flag checkout, which its plan names, is off'));
    expect(stage.rollouts.ids).toEqual([]);
    expect(await stage.memory.load()).toEqual([]);
    off.clear();
    await start();
    const context = { targetingKey: 'api', group: 'api', baseline: '1.0', candidate: '1.1' };
    expect(asked.at(-1)).toEqual(['checkout', context]);
    // What has started goes on, whatever a flag says from then on.
    off.add('checkout');
    await until(stage, () => stage.state().phase === 'promoted');
    await stage.rollouts.close();
  });

  it('is refused where its plan names a flag and nobody reads flags', async () => {
    const stage = await openStage();
    await expect(stage.rollouts.start({ ...request, plan })).rejects.toMatchObject(
      held('its plan names the flag checkout, and no flags are read here'),
    );
    await stage.rollouts.close();
  });
});

describe('a group that is rolled out', () => {
  it('is not scaled while its shares settle, and not down before the end', async () => {
    const stage = await startedStage();
    expect(stage.rollouts.holdOf('bots')).toBeUndefined();
    await until(stage, () => stage.share() === 0.2);
    expect(stage.rollouts.holdOf('api')).toEqual({
      allows: 'nothing',
      because: 'the rollout r1 of 1.1 settles at 20 %',
    });
    await stage.clock.advance(20_000);
    expect(stage.rollouts.holdOf('api')).toMatchObject({ allows: 'scale out' });
    await until(stage, () => stage.state().phase === 'promoted');
    expect(stage.rollouts.holdOf('api')).toBeUndefined();
    await stage.rollouts.close();
  });
});

describe('two rollouts of groups', () => {
  it('go on beside each other', async () => {
    const stage = await startedStage();
    await stage.rollouts.start({ ...request, id: 'r2', group: 'bots', plan: { blueGreen: {} } });
    stage.baseline = good;
    await stage.clock.advance(5000);
    expect(stage.rollouts.status('r2').state.share).toBe(0);
    expect(stage.rollouts.status('r2').counts.looks).toBeGreaterThan(2);
    await stage.rollouts.close();
  });
});

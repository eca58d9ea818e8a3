import type {
  DecisionSpan,
  ScalingConfiguration,
  ScalingEvent,
  ScalingMemory,
  ScalingPolicy,
} from 'loadline/scaling';
import { scalingPresets } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';

/** A memory that remembers nothing yet; `again` opens a second one on the same things, as after a restart. */
export interface MemoryUnderTest extends AsyncDisposable {
  readonly memory: ScalingMemory;
  readonly again: () => ScalingMemory;
}

const policy: ScalingPolicy = scalingPresets.foodshare.api_servers;

function configuration(group: string, version: number): ScalingConfiguration {
  return { group, version, policy, changedBy: 'ada', changedAtMs: 1000 * version };
}

/** @param atMs of a time that the memory under test takes. */
export function scalingEvent(group: string, atMs: number, further: Partial<ScalingEvent> = {}): ScalingEvent {
  return {
    group,
    atMs,
    action: 'scale_up',
    previousCapacity: 2,
    newCapacity: 4,
    trigger: { metric: 'cpuRatio', value: 0.82, threshold: 0.7 },
    outcome: 'accepted',
    reason: `Scale out ${group} from 2 to 4: cpuRatio is 82 %, above 70 %.`,
    decision: {
      group,
      atMs,
      policyVersion: 1,
      action: 'scale out',
      from: 2,
      to: 4,
      recommended: 4,
      proposals: [],
      bound: undefined,
      sure: 1,
      otherwise: '',
      reason: 'It was seen.',
    },
    ...further,
  };
}

/** What every memory owes the scaler. @param nowMs a time around which events are written. */
export function describeScalingMemory(
  name: string,
  start: () => Promise<MemoryUnderTest>,
  nowMs: number,
): void {
  describe(`${name}, as the memory of a scaler`, () => {
    it('remembers nothing at first', async () => {
      await using tested = await start();
      expect(await tested.memory.load()).toEqual({ configurations: [], manual: [], events: [] });
      expect(await tested.memory.events({ limit: 10 })).toEqual([]);
    });

    it('remembers what changed nothing about the size, too', async () => {
      await using tested = await start();
      const { decision, ...event } = scalingEvent('api', nowMs, { action: 'restart', newCapacity: 2 });
      await tested.memory.record(event);
      expect(await tested.again().events({ limit: 10 })).toEqual([event]);
    });

    it('remembers an event once that is offered again because no answer came', async () => {
      await using tested = await start();
      const [event, later] = [scalingEvent('api', nowMs - 1), scalingEvent('api', nowMs)];
      await Promise.all([tested.memory.record(event), tested.memory.record(event)]);
      await tested.memory.record(later);
      await tested.memory.record(event);
      expect(await tested.again().events({ limit: 10 })).toEqual([later, event]);
    });

    it('gives back after a restart what it was told', async () => {
      await using tested = await start();
      expect(await tested.memory.saveConfiguration(configuration('api', 1))).toBe('saved');
      expect(await tested.memory.saveConfiguration(configuration('api', 2))).toBe('saved');
      expect(await tested.memory.saveConfiguration(configuration('bots', 1))).toBe('saved');
      const manual = {
        group: 'api',
        replicas: 7,
        untilMs: 9000,
        setBy: 'ada',
        setAtMs: 8000,
        reason: 'sale',
      };
      await tested.memory.saveManual('api', manual);
      await tested.memory.record(scalingEvent('api', nowMs));
      const { configurations, ...rest } = await tested.again().load();
      expect(configurations.toSorted((a, b) => (a.group < b.group ? -1 : 1))).toEqual([
        configuration('api', 2),
        configuration('bots', 1),
      ]);
      expect(rest).toEqual({ manual: [manual], events: [scalingEvent('api', nowMs)] });
    });

    it('takes a version only after the one before it', async () => {
      await using tested = await start();
      expect(await tested.memory.saveConfiguration(configuration('api', 2))).toBe('conflict');
      await tested.memory.saveConfiguration(configuration('api', 1));
      expect(await tested.again().saveConfiguration(configuration('api', 1))).toBe('conflict');
      expect(await tested.memory.saveConfiguration(configuration('api', 3))).toBe('conflict');
      expect((await tested.memory.load()).configurations).toEqual([configuration('api', 1)]);
    });

    it('lets one of two changes at once through', async () => {
      await using tested = await start();
      const outcomes = await Promise.all([
        tested.memory.saveConfiguration(configuration('api', 1)),
        tested.again().saveConfiguration(configuration('api', 1)),
      ]);
      expect(outcomes.toSorted()).toEqual(['conflict', 'saved']);
    });

    it('forgets a number that was set by hand when it is told to', async () => {
      await using tested = await start();
      const manual = { group: 'api', replicas: 7, untilMs: 9000, setBy: 'ada', setAtMs: 8000, reason: '' };
      await tested.memory.saveManual('api', manual);
      await tested.memory.saveManual('api', undefined);
      await tested.memory.saveManual('bots', undefined);
      expect((await tested.again().load()).manual).toEqual([]);
    });

    it('remembers what was decided, one span in the place of the one that it has grown from', async () => {
      await using tested = await start();
      const span = (fromMs: number, count: number): DecisionSpan => ({
        group: 'api',
        fromMs,
        untilMs: fromMs + 15_000 * (count - 1),
        count,
        decision: scalingEvent('api', fromMs).decision,
        outcome: undefined,
        problem: undefined,
        seen: { cpuRatio: [0.5, 0.6] },
      });
      const [first, second] = [span(nowMs - 600_000, 10), span(nowMs - 300_000, 1)] as const;
      await tested.memory.recordDecisions([first, second, { ...span(nowMs - 300_000, 3), group: 'api-2' }]);
      await tested.memory.recordDecisions([span(nowMs - 300_000, 5)]);
      const whole = { group: 'api', fromMs: nowMs - 86_400_000, toMs: nowMs, limit: 10 };
      expect(await tested.again().decisions(whole)).toEqual([span(nowMs - 300_000, 5), first]);
      expect(await tested.memory.decisions({ ...whole, limit: 1 })).toEqual([span(nowMs - 300_000, 5)]);
      // Whatever reaches into the time counts, and nothing before or after it.
      const atMs = first.fromMs + 20_000;
      expect(await tested.memory.decisions({ ...whole, fromMs: atMs, toMs: atMs + 1 })).toEqual([first]);
      expect(await tested.memory.decisions({ ...whole, toMs: first.fromMs })).toEqual([]);
      expect(await tested.memory.decisions({ ...whole, fromMs: nowMs - 200_000 })).toEqual([]);
      expect(await tested.memory.decisions({ ...whole, group: 'bots' })).toEqual([]);
    });

    it('loads the steps that were taken oldest first, and lists all events newest first', async () => {
      await using tested = await start();
      for (const group of ['api', 'bots']) await tested.memory.saveConfiguration(configuration(group, 1));
      const [first, second, third] = [
        scalingEvent('api', nowMs - 2000),
        scalingEvent('bots', nowMs - 1000, { action: 'scale_down', previousCapacity: 4, newCapacity: 2 }),
        scalingEvent('api', nowMs, {
          outcome: 'failed',
          trigger: { metric: 'manual', value: 2, threshold: 4 },
        }),
      ] as const;
      for (const each of [first, second, third]) await tested.memory.record(each);
      const { events } = await tested.memory.load();
      // More may be among them than a cooldown is counted from.
      expect(events.filter(({ outcome }) => outcome === 'accepted')).toEqual([first, second]);
      expect(await tested.memory.events({ limit: 10 })).toEqual([third, second, first]);
      expect(await tested.memory.events({ limit: 1 })).toEqual([third]);
      expect(await tested.memory.events({ group: 'api', limit: 10 })).toEqual([third, first]);
      expect(await tested.memory.events({ beforeMs: nowMs, limit: 1 })).toEqual([second]);
    });
  });
}

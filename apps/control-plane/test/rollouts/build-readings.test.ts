import { createVirtualClock } from 'loadline/base';
import type { Fleet, ScalingDriver } from 'loadline/scaling';
import { describe, expect, it } from 'vitest';
import type { Pull } from '../../src/collect/index.ts';
import { createBuildReadings } from '../../src/rollouts/build-readings.ts';
import type { Builds } from '../../src/rollouts/index.ts';
import { atSecond, readText } from '../collect/pages.ts';

const page = `# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{handler="/",status="200",le="+Inf"} 7
http_request_duration_seconds_sum{handler="/",status="200"} 1
http_request_duration_seconds_count{handler="/",status="200"} 7
`;

const twoOf = (group: string): Fleet => ({
  ...{ kind: 'seen', wanted: 2, ready: 2, starting: 0, stopping: 0 },
  instances: ['1', '2'].map((number) => ({
    ...{
      id: `${group}-${number}`,
      state: 'ready',
      url: `http://${group}-${number}`,
      sinceMs: 0,
      restarts: 0,
    },
  })),
});

describe('the readings of two builds', () => {
  it('are those of all the others where one instance hangs', async () => {
    const clock = createVirtualClock();
    const driver: ScalingDriver = {
      observe: async (group) => twoOf(group),
      apply: async () => ({ kind: 'accepted' }),
    };
    const pull: Pull = async ({ url }) =>
      url.hostname === 'shop-2' ? new Promise(() => undefined) : readText(page, atSecond(1));
    const builds: Pick<Builds, 'commands' | 'candidateGroup' | 'groupsOf'> = {
      commands: {},
      candidateGroup: () => 'shop.green',
      groupsOf: () => ['shop', 'shop.green'],
    };
    const readings = createBuildReadings({ clock, driver, builds, pull, key: undefined });
    const { signal } = new AbortController();
    const rollout = { id: 'r1', group: 'shop', baseline: '1.0', candidate: '1.1' };
    let seen: readonly string[] = [];
    void readings.read(rollout, signal).then(({ baseline, candidate }) => {
      seen = [...baseline, ...candidate].map(({ instance }) => instance);
    });
    await clock.advance(900);
    expect(seen).toEqual(['shop-1', 'shop.green-1', 'shop.green-2']);
  });
});

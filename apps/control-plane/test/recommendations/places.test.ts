import { describe, expect, it } from 'vitest';
import { placeOf, servicePlace } from '../../src/recommendations/places.ts';
import { startPlane } from '../plane.ts';

describe('the place of an evidence', () => {
  it.each(['cpuRatio', 'usedBytes', 'hitRatio', 'eventLoopRatio', 'errorRatio'])(
    'is where %s of a service can be looked at',
    async (name) => {
      await using plane = await startPlane();
      const window = { fromMs: plane.clock.now() - 3_600_000, toMs: plane.clock.now() };
      const evidence = { name, value: 1, unit: 'ratio', source: servicePlace('shop & co'), window } as const;
      const { status, json } = await plane.ask('viewer', 'GET', placeOf(evidence));
      expect(status).toBe(200);
      expect(json.from).toBe(new Date(window.fromMs).toISOString());
    },
  );
});

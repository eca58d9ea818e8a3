import { createVirtualClock } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { type HealthOptions, liveDoor, readyDoor } from '../../../src/observe/doors/health-door.ts';
import { jsonOf, requestOf } from './requests.ts';

describe('/health/ready', () => {
  const well = async (): Promise<void> => undefined;
  async function ask(options: HealthOptions) {
    const clock = createVirtualClock();
    const answer = readyDoor(options, clock)(requestOf());
    await clock.runUntilIdle();
    const { status, ...rest } = await answer;
    return [status, jsonOf({ status, ...rest })];
  }

  it('is healthy where all checks are well', async () => {
    expect(await ask({ checks: { database: well, cache: well } })).toEqual([
      200,
      { status: 'healthy', checks: { database: 'ok', cache: 'ok' } },
    ]);
  });

  it('names what is not well, and what does not answer', async () => {
    const checks = {
      database: well,
      cache: async () => Promise.reject(new Error('redis://secret')),
      mail: () => new Promise(() => undefined),
      sync: () => {
        throw new Error('at once');
      },
    };
    expect(await ask({ checks, timeoutMs: 100 })).toEqual([
      503,
      {
        status: 'unhealthy',
        checks: { database: 'ok', cache: 'failed', mail: 'no answer in time', sync: 'failed' },
      },
    ]);
  });

  it('is degraded, and ready, where something is not well that the service can do without', async () => {
    const cache = { check: async () => Promise.reject(new Error('away')), isCritical: false };
    expect(await ask({ checks: { database: well, cache } })).toEqual([
      200,
      { status: 'degraded', checks: { database: 'ok', cache: 'failed' } },
    ]);
  });

  it('is not ready while the service drains', async () => {
    expect(await ask({ checks: { database: well }, isDraining: () => true })).toMatchObject([
      503,
      { status: 'draining' },
    ]);
  });

  it('asks the checks once for all who ask meanwhile', async () => {
    let asked = 0;
    const door = readyDoor({ checks: { database: async () => asked++ } }, createVirtualClock());
    await Promise.all([door(requestOf()), door(requestOf()), door(requestOf())]);
    expect(asked).toBe(1);
    await door(requestOf());
    expect(asked).toBe(2);
  });
});

it('/health/live answers whenever it is asked, by GET', async () => {
  expect(jsonOf(await liveDoor(requestOf()))).toEqual({ status: 'healthy' });
  expect((await liveDoor(requestOf({ method: 'POST' }))).status).toBe(405);
});

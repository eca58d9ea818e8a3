import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startFoodshare } from '../src/index.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sound = {
  databaseUrl: 'postgresql://127.0.0.1:9/foodshare',
  valkeyCacheUrl: 'valkey://127.0.0.1:9',
  tokenSecret: 'x'.repeat(32),
};

it.each([
  ['the database', { databaseUrl: 'nowhere' }],
  ['the cache', { valkeyCacheUrl: 'nowhere' }],
])('a start that fails at the address of %s leaves nothing running', async (_, changes) => {
  await expect(startFoodshare({ ...sound, ...changes })).rejects.toMatchObject({
    code: expect.stringContaining('_ADDRESS_INVALID'),
  });
  expect(vi.getTimerCount()).toBe(0);
});

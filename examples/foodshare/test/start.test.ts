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
  ['the address of the database', { databaseUrl: 'nowhere' }, 'POSTGRES_ADDRESS_INVALID'],
  ['the address of the cache', { valkeyCacheUrl: 'nowhere' }, 'VALKEY_ADDRESS_INVALID'],
  ['the control key', { controlKey: 'short' }, 'OBSERVE_OPTIONS_INVALID'],
])('a start that fails at %s leaves nothing running', async (_, changes, code) => {
  await expect(startFoodshare({ ...sound, ...changes })).rejects.toMatchObject({ code });
  expect(vi.getTimerCount()).toBe(0);
});

import { describe, expect, it } from 'vitest';
import { describeProblems, parseEnvironment } from '../src/configuration.ts';
import { issueToken } from '../src/index.ts';

const sound = {
  DATABASE_URL: 'postgresql://localhost/foodshare',
  VALKEY_URL: 'valkey://localhost',
  FOODSHARE_TOKEN_SECRET: 'x'.repeat(32),
};

describe('parseEnvironment()', () => {
  it('needs three variables and has a default for the rest', () => {
    expect(parseEnvironment({ ...sound, PATH: '/bin' })).toEqual({
      ok: true,
      value: {
        databaseUrl: 'postgresql://localhost/foodshare',
        valkeyCacheUrl: 'valkey://localhost',
        tokenSecret: 'x'.repeat(32),
        host: '127.0.0.1',
        port: 0,
        drainDelayMs: 1000,
        admission: { userRatePerSecond: 100 },
        logger: true,
      },
    });
  });

  it('puts the cache’s own address before the one for both', () => {
    const parsed = parseEnvironment({
      ...sound,
      VALKEY_CACHE_URL: 'valkey://cache',
      PORT: '8080',
      FOODSHARE_DRAIN_DELAY: '5s',
    });
    expect(parsed).toMatchObject({
      value: { valkeyCacheUrl: 'valkey://cache', port: 8080, drainDelayMs: 5000 },
    });
  });

  it('lets everybody in where it is to', () => {
    const parsed = parseEnvironment({ ...sound, FOODSHARE_USER_RATE: '0' });
    expect(parsed.ok && 'admission' in parsed.value).toBe(false);
  });

  it('takes the key of whoever is to read and profile it', () => {
    const parsed = parseEnvironment({ ...sound, FOODSHARE_CONTROL_KEY: 'k'.repeat(16) });
    expect(parsed).toMatchObject({ value: { controlKey: 'k'.repeat(16) } });
  });

  it('finds everything that is wrong, and doesn’t repeat a secret', () => {
    const parsed = parseEnvironment({
      FOODSHARE_TOKEN_SECRET: 'hush',
      PORT: '8o8o',
      FOODSHARE_CONNECTIONS: '0',
      FOODSHARE_USER_RATE: '-1',
      FOODSHARE_CONTROL_KEY: 'hush, a key',
    });
    const said = parsed.ok ? '' : describeProblems(parsed.problems);
    for (const name of [
      'DATABASE_URL',
      'VALKEY_URL',
      'FOODSHARE_TOKEN_SECRET',
      'PORT',
      'FOODSHARE_CONNECTIONS',
      'FOODSHARE_USER_RATE',
      'FOODSHARE_CONTROL_KEY',
    ]) {
      expect(said).toContain(`  ${name} must`);
    }
    expect(said).not.toContain('hush');
  });

  it('finds addresses that are none, and doesn’t repeat them', () => {
    const parsed = parseEnvironment({
      ...sound,
      DATABASE_URL: 'mysql://somebody:hush@localhost',
      VALKEY_CACHE_URL: 'localhost:6379/hush',
    });
    const said = parsed.ok ? '' : describeProblems(parsed.problems);
    expect(said).toBe(
      '  DATABASE_URL must be a postgresql:// URL\n' +
        '  VALKEY_CACHE_URL must be a valkey:// or redis:// URL, or the path of a socket',
    );
  });
});

describe('issueToken()', () => {
  it('refuses a secret that is shorter than its signature', async () => {
    await expect(issueToken({ userId: crypto.randomUUID(), secret: 'short' })).rejects.toThrow(
      'at least 32 bytes',
    );
  });
});

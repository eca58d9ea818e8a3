import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type StartedPostgres, startPostgres } from '@loadline/local-stack';
import { createPostgres } from 'loadline/postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manyStartsMs, refusedServe, type Served, startServe } from '../served.ts';

const home = mkdtempSync(join(tmpdir(), 'loadline-flags-'));
const services = join(home, 'services.json');
const script = fileURLToPath(new URL('./hot-service.mjs', import.meta.url));
let database: StartedPostgres;
const adminKey = 'an-admin-key-of-at-least-thirty-two-characters';

beforeAll(async () => {
  const shop = {
    command: process.execPath,
    args: ['--conditions=loadline-source', script],
    policy: 'fast/service',
    replicas: { min: 1, max: 2 },
  };
  writeFileSync(services, JSON.stringify({ services: { shop } }));
  database = await startPostgres();
});

afterAll(async () => {
  await database.stop();
  rmSync(home, { recursive: true, force: true });
});

/** What the last decision shows where the rules of the policy take no part. */
const off = '"proposals":[]';

/** Starts one with a flag that is off, sets it, and looks what is said of the group before and after. */
async function follow(served: Served, turnOn: () => Promise<void>): Promise<void> {
  try {
    const status = async () => (await served.ask('GET', '/performance/scaling/status')).text();
    await expect.poll(status, { timeout: 60_000 }).toContain(off);
    await turnOn();
    await expect.poll(status, { timeout: 60_000 }).not.toContain(off);
  } finally {
    expect(await served.stop('SIGTERM')).toBe(0);
  }
}

describe('flags of loadline serve', { timeout: manyStartsMs }, () => {
  it('are those of a file, as it is now', async () => {
    const file = join(home, 'flags.yaml');
    writeFileSync(file, 'flags: { scaling-target: false }\n');
    const args = ['--home', mkdtempSync(join(home, 'file-')), '--services', services, '--flags', file];
    await follow(await startServe(args, { key: adminKey, env: { LOADLINE_ADMIN_KEY: adminKey } }), async () =>
      writeFileSync(file, 'flags: { scaling-target: true }\n'),
    );
  });

  it('are those of its database, as they are now', async () => {
    await using postgres = createPostgres({ url: database.url });
    const args = [
      '--home',
      mkdtempSync(join(home, 'database-')),
      '--services',
      services,
      '--flags-from-database',
    ];
    const served = await startServe(args, {
      key: adminKey,
      env: { DATABASE_URL: database.url, LOADLINE_ADMIN_KEY: adminKey },
    });
    const set = (isOn: boolean) =>
      postgres.query(
        {
          text: `INSERT INTO feature_flags (name, definition, updated_by) VALUES ('scaling-target', $1, 'ann')
            ON CONFLICT (name) DO UPDATE SET definition = excluded.definition`,
        },
        [JSON.stringify(isOn)],
      );
    await set(false);
    await follow(served, async () => void (await set(true)));
  });

  it('are of one place', async () => {
    const args = ['--home', join(home, 'both'), '--flags', 'flags.yaml', '--flags-from-database'];
    expect((await refusedServe(args)).text).toContain(
      '--flags is one place of flags, and --flags-from-database another',
    );
  });
});

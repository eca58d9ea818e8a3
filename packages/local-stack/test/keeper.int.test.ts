import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Keeper } from '../src/keeper.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-stack-test-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

it('ends also when it cannot tidy up', async () => {
  // A folder where its record should be is nothing that it can delete.
  const keeper = new Keeper({ recordPath: folder }, join(folder, 'keeper.log'));
  await expect(keeper.stop()).resolves.toBeUndefined();
});

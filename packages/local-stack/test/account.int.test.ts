import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { serverAccount } from '../src/account.ts';
import { temporaryPlace } from '../src/place.ts';

afterEach(() => vi.unstubAllEnvs());

describe.runIf(process.getuid?.() === 0)('serverAccount()', () => {
  it('never lends root itself, also where the system doesn’t know nobody', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'local-stack-test-'));
    vi.stubEnv('PATH', folder); // Without `id`, no user is known.
    await expect(serverAccount(folder)).rejects.toMatchObject({ code: 'LOCAL_STACK_FOLDER_UNUSABLE' });
    rmSync(folder, { recursive: true });
  });
});

describe('temporaryPlace()', () => {
  it('goes to /tmp where TMPDIR names no folder', async () => {
    vi.stubEnv('TMPDIR', '/nowhere/at-all');
    const { folder } = await temporaryPlace();
    rmSync(folder, { recursive: true });
    expect(folder).toMatch(/^(\/private)?\/tmp\/loadline-stack-/);
  });
});

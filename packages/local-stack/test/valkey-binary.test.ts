import { isLoadlineError } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { findValkey } from '../src/valkey-binary.ts';

describe('findValkey()', () => {
  it('takes what LOADLINE_VALKEY_SERVER names', async () => {
    expect(await findValkey({ LOADLINE_VALKEY_SERVER: process.execPath, PATH: '' })).toBe(process.execPath);
  });

  it('says which variable is wrong when that is no program', async () => {
    await expect(findValkey({ LOADLINE_VALKEY_SERVER: '/nowhere/valkey', PATH: '/usr/bin' })).rejects.toThrow(
      'LOADLINE_VALKEY_SERVER names /nowhere/valkey',
    );
  });

  it('says how to install one where the PATH has none', async () => {
    const error = await findValkey({ PATH: '/nowhere' }).catch((thrown: unknown) => thrown);
    expect(isLoadlineError(error, 'LOCAL_STACK_VALKEY_MISSING')).toBe(true);
    expect(String(error)).toMatch(/Install it .*LOADLINE_VALKEY_SERVER/);
  });
});

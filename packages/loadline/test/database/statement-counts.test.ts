import { readStatements } from 'loadline/database';
import type { Postgres } from 'loadline/postgres';
import { describe, expect, it } from 'vitest';

/** A server that has the extension of this version, and has seen no statement. */
function serverWith(version: string): Postgres {
  const info = { at_ms: 2000, since_ms: null, forgotten: 3, hidden: 1 };
  const query = async ({ text }: { readonly text: string }) => {
    if (text.includes('pg_extension')) return { rows: [{ version, schema: 'public' }] };
    return { rows: text.includes('_info') ? [info] : [] };
  };
  return {
    transaction: (work: (transaction: unknown) => unknown) => work({ query }),
  } as unknown as Postgres;
}

describe('readStatements()', () => {
  it.each(['1.9', '1.10', '1.12', '2.0'])('reads with version %s of the extension', async (version) => {
    expect(await readStatements(serverWith(version))).toEqual({
      kind: 'read',
      atMs: 2000,
      sinceMs: undefined,
      statements: new Map(),
      forgotten: 3,
      hidden: 1,
    });
  });

  it.each(['1.8', '1.0', '0.10'])('says that version %s is too old, and what to do', async (version) => {
    expect(await readStatements(serverWith(version))).toMatchObject({
      kind: 'missing',
      because: expect.stringContaining(version),
      remedy: expect.stringContaining('ALTER EXTENSION'),
    });
  });
});

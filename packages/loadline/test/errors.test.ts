import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readErrorTables, writeErrorsPage } from '../../../tools/errors-page.ts';
import { readSources, root } from './checkout.ts';

describe('the error tables', () => {
  it('equal docs/reference/errors.md', async () => {
    const page = readFileSync(`${root}docs/reference/errors.md`, 'utf8');
    expect(page).toBe(writeErrorsPage(await readErrorTables()));
  });

  it('prefix every code with its room', async () => {
    for (const [room, table] of await readErrorTables()) {
      const prefix = `${room.toUpperCase().replaceAll('-', '_')}_`;
      for (const code of Object.keys(table)) expect(code.startsWith(prefix), `${code} of ${room}`).toBe(true);
    }
  });

  it('hold no code that nothing raises', async () => {
    const code = readSources()
      .filter((file) => !file.path.endsWith('/errors.ts'))
      .map((file) => file.text)
      .join('\n');
    const codes = [...(await readErrorTables()).values()].flatMap((table) => Object.keys(table));
    expect(codes.filter((each) => !code.includes(`'${each}'`))).toEqual([]);
  });

  it('name no code twice', async () => {
    const codes = [...(await readErrorTables()).values()].flatMap((table) => Object.keys(table));
    expect(codes.length).toBe(new Set(codes).size);
  });
});

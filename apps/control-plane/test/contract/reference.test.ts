import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { permissions } from '../../src/access/index.ts';
import { type OperationName, operationNames, operations } from '../../src/contract/index.ts';

const page = readFileSync(new URL('../../../../docs/reference/http.md', import.meta.url), 'utf8');

const words = { open: 'everybody', metrics: 'viewer, or an address of `--metrics-from`' } as const;

function rowOf(name: OperationName): RegExp {
  const { method, path } = operations[name];
  const needed = permissions[name];
  const who = needed === 'open' || needed === 'metrics' ? words[needed] : needed;
  return new RegExp(`^\\| ${literal(`\`${method} ${path}\``)} \\| .+ \\| ${literal(who)} \\|$`, 'm');
}

function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

describe('the reference of the API', () => {
  it.each(operationNames)('says of %s what it does and who may', (name) => {
    expect(page).toMatch(rowOf(name));
  });

  it('names no operation that is not there', () => {
    const named = [...page.matchAll(/^\| `(?:GET|POST|PUT|DELETE) \//gm)];
    expect(named).toHaveLength(operationNames.length);
  });
});

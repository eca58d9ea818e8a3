import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runEnvironment } from '../../src/tests/run-environment.ts';

it('a run is given no secret that the control plane reads from its environment', () => {
  const source = readFileSync(new URL('../../src/configuration.ts', import.meta.url), 'utf8');
  const read = [...source.matchAll(/\b(?:LOADLINE|DATABASE)_[A-Z_]+\b/g)].map(([name]) => name);
  expect(read).toContain('LOADLINE_OBSERVE_KEY');
  const secret = read.filter((name) => name !== 'LOADLINE_HOME');
  const env = Object.fromEntries([...secret, 'PATH'].map((name) => [name, 'x']));
  expect(runEnvironment(env)).toEqual({ PATH: 'x' });
});

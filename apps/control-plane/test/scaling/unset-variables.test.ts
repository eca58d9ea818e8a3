import { describe, expect, it } from 'vitest';
import type { ServiceDescription } from '../../src/scaling/service-description.ts';
import { tellUnsetVariables } from '../../src/scaling/unset-variables.ts';

const service = (
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): ServiceDescription => ({ name, command: { command: 'node', environment }, policy: {} });

describe('tellUnsetVariables()', () => {
  it('names what a service or its candidate inherits and nobody has set', () => {
    const shop = service('shop', { PATH: '/bin', OBSERVE_KEY: undefined, EMPTY: '' });
    const candidate = { version: '2', command: { command: 'node', environment: { OTHER: undefined } } };
    expect(tellUnsetVariables([{ ...shop, candidate }, service('till', { PATH: '/bin' })])).toEqual([
      'The service shop inherits OBSERVE_KEY, OTHER, not set here: its instances start without.',
    ]);
  });
});

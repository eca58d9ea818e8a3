import { expect, it } from 'vitest';
import { priorityOf } from '../../src/http/admission.ts';

it.each([
  ['POST', '/api/food/5/claim', 'critical'],
  ['POST', '/api/food/5/complete', 'critical'],
  ['POST', '/api/credits/transfer', 'critical'],
  ['GET', '/api/food', 'normal'],
  ['POST', '/api/food', 'normal'],
  ['GET', '/api/rankings', 'low'],
  ['GET', '/api/groups/5/analytics', 'low'],
])('%s %s is %s', (method, path, priority) => {
  expect(priorityOf({ method, path })).toBe(priority);
});

import { counted } from 'loadline/base';
import { expect, it } from 'vitest';

it.each<[number, string, string]>([
  [0, 'request', '0 requests'],
  [1, 'request', '1 request'],
  [12_345, 'request', '12,345 requests'],
])('counts %d of "%s" as "%s"', (count, one, text) => {
  expect(counted(count, one)).toBe(text);
});

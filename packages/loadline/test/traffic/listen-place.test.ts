import { parseListenPlace } from 'loadline/traffic';
import { expect, test } from 'vitest';

test.each([
  ['8080', { host: '127.0.0.1', port: 8080 }],
  ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
  ['[::1]:8080', { host: '::1', port: 8080 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
])('%s is a place to listen at', (text, place) => {
  expect(parseListenPlace(text)).toEqual(place);
});

test.each(['', 'shop', '70000', '1.2.3:80', 'localhost:80', '::1:80', '[1]:80', '8080 '])(
  '%j is none',
  (text) => {
    expect(parseListenPlace(text)).toBeUndefined();
  },
);

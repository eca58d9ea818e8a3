import { describe, expect, it } from 'vitest';
import { tellingLine } from '../../../src/scaling/drivers/telling-line.ts';

const nodeStack = `node:internal/modules/cjs/loader:1228
  throw err;
  ^

Error: Cannot find module '/srv/shop/serve.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15) {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v24.1.0
`;

describe('the line that tells why a process has ended', () => {
  it.each([
    ['the last one', 'starting\ncannot find its configuration.\n', 'cannot find its configuration'],
    ['the one above a stack', nodeStack, "Error: Cannot find module '/srv/shop/serve.js'"],
    ['the last one, where all are indented', '  at one\n  at two\n\n', 'at two'],
    ['none, where nothing was written', '\n', undefined],
  ])('is %s', (_, written, line) => {
    expect(tellingLine(written.split('\n'))).toBe(line);
  });

  it('is short', () => {
    expect(tellingLine([`${'x'.repeat(300)}`])).toBe(`${'x'.repeat(199)}…`);
  });

  it('steers no terminal', () => {
    expect(tellingLine(['\u001b[31mno\u0007\troom\r\u009b2J'])).toBe('[31mno room 2J');
  });

  it('gives no password of an address away', () => {
    expect(tellingLine(['cannot reach postgres://shop:secret@db:5432/shop for anna@shop'])).toBe(
      'cannot reach postgres://…@db:5432/shop for anna@shop',
    );
  });
});

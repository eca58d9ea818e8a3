import { LoadlineError } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { isPassing } from '../../src/store/writer-session.ts';

describe('isPassing()', () => {
  it.each([
    ['a server that is away', {}],
    ['a full disk', { sqlState: '53100' }],
    ['a server that only reads', { sqlState: '25006' }],
    ['a deadlock', { sqlState: '40P01' }],
    ['a missing partition', { sqlState: '23514' }],
  ])('waits for %s', (_, facts) => {
    expect(isPassing(new LoadlineError('POSTGRES_ANY', '', { facts }))).toBe(true);
  });

  it.each([
    ['a value that breaks a rule', { sqlState: '23514', constraint: 'rule' }],
    ['a value that is out of range', { sqlState: '22003' }],
    ['a row that is too large', { sqlState: '54000' }],
  ])('gives up %s', (_, facts) => {
    expect(isPassing(new LoadlineError('POSTGRES_ANY', '', { facts }))).toBe(false);
  });

  it('gives up where we have made a mistake, and where what is kept is no histogram', () => {
    expect(isPassing(new TypeError('x is undefined'))).toBe(false);
    expect(isPassing(new LoadlineError('METRICS_WIRE_INVALID', 'it ends too early'))).toBe(false);
  });
});

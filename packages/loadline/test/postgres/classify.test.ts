import { isLoadlineError } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/postgres/classify.ts';

function serverError(code: string, fields: object = {}): Error {
  return Object.assign(new Error('said the server'), { code, severity: 'ERROR', ...fields });
}

describe('classify()', () => {
  it.each([
    ['57P01', 'POSTGRES_UNREACHABLE'],
    ['57014', 'POSTGRES_STATEMENT_TIMEOUT'],
    ['55P03', 'POSTGRES_LOCK_TIMEOUT'],
    ['40P01', 'POSTGRES_CONFLICT'],
    ['40001', 'POSTGRES_CONFLICT'],
    ['23505', 'POSTGRES_CONSTRAINT'],
    ['25P03', 'POSTGRES_CONNECTION_LOST'],
    ['42601', 'POSTGRES_STATEMENT_FAILED'],
  ])('reads SQLSTATE %s of a statement as %s', (sqlState, code) => {
    expect(classify(serverError(sqlState), 'statement', 'run it').code).toBe(code);
  });

  it('reads what the server says to a login as a refusal, unless it is starting', () => {
    expect(classify(serverError('28P01'), 'connect', 'open').code).toBe('POSTGRES_REFUSED');
    expect(classify(serverError('53300'), 'connect', 'open').code).toBe('POSTGRES_REFUSED');
    expect(classify(serverError('57P03'), 'connect', 'open').code).toBe('POSTGRES_UNREACHABLE');
  });

  it('takes errors of the socket for an absent server before, and for a lost connection during a statement', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(classify(refused, 'connect', 'open').code).toBe('POSTGRES_UNREACHABLE');
    expect(classify(new Error('Connection terminated'), 'statement', 'run').code).toBe(
      'POSTGRES_CONNECTION_LOST',
    );
  });

  it('does not take a system error of five letters for an SQLSTATE', () => {
    const broken = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const error = classify(broken, 'statement', 'run');
    expect(error.code).toBe('POSTGRES_CONNECTION_LOST');
    expect(error.facts).toEqual({});
  });

  it('names the code of an error without a message', () => {
    const nowhere = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    expect(classify(nowhere, 'connect', 'open').message).toBe('Cannot open: ECONNREFUSED.');
  });

  it('names the constraint, says what was attempted, and keeps the cause', () => {
    const cause = serverError('23514', { constraint: 'balance', table: 'accounts' });
    const error = classify(cause, 'statement', 'run pay');
    expect(error.facts).toEqual({ sqlState: '23514', constraint: 'balance', table: 'accounts' });
    expect(error.message).toBe('Cannot run pay: said the server.');
    expect(error.cause).toBe(cause);
  });

  it('names the column that may not be null, since the server names no constraint then', () => {
    const cause = serverError('23502', { table: 'exchanges', column: 'credits_held' });
    expect(classify(cause, 'statement', 'run it').facts).toEqual({
      sqlState: '23502',
      table: 'exchanges',
      column: 'credits_held',
    });
  });

  it('leaves what is classified already as it is', () => {
    const first = classify(serverError('55P03'), 'statement', 'lock');
    expect(classify(first, 'connect', 'open')).toBe(first);
    expect(isLoadlineError(first, 'POSTGRES_LOCK_TIMEOUT')).toBe(true);
  });
});

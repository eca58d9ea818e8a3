import { LoadlineError } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { isDateTime } from '../../src/ground/formats.ts';
import { conflict, invalid } from '../../src/http/problem.ts';
import { problemOf } from '../../src/http/problem-of.ts';

describe('problemOf()', () => {
  it('says nothing about an error that nobody foresaw', () => {
    const problem = problemOf(new TypeError('x is undefined at secret.ts:12'));
    expect(problem.toDocument('/api/food')).toEqual({
      type: 'urn:foodshare:problem:unforeseen',
      title: 'Internal Server Error',
      status: 500,
      detail: 'Something went wrong here. It was noted.',
      instance: '/api/food',
    });
  });

  it.each([
    'POSTGRES_UNREACHABLE',
    'POSTGRES_POOL_EXHAUSTED',
    'POSTGRES_STATEMENT_TIMEOUT',
    'POSTGRES_CONFLICT',
  ])('asks to come again after %s', (code) => {
    const problem = problemOf(new LoadlineError(code, 'with details'));
    expect(problem).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    expect(problem.message).not.toContain('details');
  });

  it('says of a request whose time is over that nothing was done', () => {
    const problem = problemOf(new LoadlineError('POSTGRES_DEADLINE', 'with details'));
    expect(problem.toDocument()).toMatchObject({ status: 504, type: 'urn:foodshare:problem:overdue' });
  });

  it('takes a constraint that nobody foresaw for a mistake of ours', () => {
    expect(problemOf(new LoadlineError('POSTGRES_CONSTRAINT', 'x')).status).toBe(500);
  });

  it('passes on the problem that was thrown', () => {
    const problem = conflict('already-claimed', 'Somebody was quicker.');
    expect(problemOf(problem)).toBe(problem);
    expect(problem.toDocument()).toMatchObject({
      type: 'urn:foodshare:problem:already-claimed',
      status: 409,
    });
  });

  it('keeps the status of a client’s fault that the framework found', () => {
    expect(problemOf(Object.assign(new Error('odd'), { statusCode: 418 })).status).toBe(418);
    expect(problemOf(Object.assign(new Error('odd'), { statusCode: 502 })).status).toBe(500);
  });

  it('names every field that is wrong', () => {
    const problem = invalid(
      { in: 'query', pointer: '#/lat', detail: 'must be a number' },
      { in: 'query', pointer: '#/lon', detail: 'is missing' },
    );
    expect(problem.message).toBe('lat must be a number; lon is missing.');
    expect(problem.toDocument().errors).toHaveLength(2);
  });
});

describe('isDateTime()', () => {
  it.each(['2026-11-21T18:00:00Z', '2024-02-29T00:00:00.123+02:00', '2026-12-31T23:59:59-11:30'])(
    'takes %s',
    (text) => {
      expect(isDateTime(text)).toBe(true);
    },
  );

  it.each([
    '2026-11-21',
    '2026-11-21T18:00',
    '2026-11-21T18:00:00',
    '2026-02-29T00:00:00Z',
    '2026-11-21T24:00:00Z',
    '2026-13-01T00:00:00Z',
    'now',
    '',
  ])('refuses %j', (text) => {
    expect(isDateTime(text)).toBe(false);
  });
});

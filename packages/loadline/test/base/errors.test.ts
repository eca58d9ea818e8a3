import { errorsOf, isLoadlineError, LoadlineError } from 'loadline/base';
import { describe, expect, it } from 'vitest';

const table = { ROOM_BROKEN: { means: 'It broke.', remedy: 'Mend it.' } } as const;

describe('errorsOf()', () => {
  it('makes errors with code, sentence, facts and cause', () => {
    const cause = new Error('why');
    const error = errorsOf(table)('ROOM_BROKEN', 'Cannot do it.', { facts: { tries: 3 }, cause });
    expect(error).toBeInstanceOf(LoadlineError);
    expect(error).toMatchObject({ name: 'LoadlineError', code: 'ROOM_BROKEN', facts: { tries: 3 }, cause });
    expect(String(error)).toBe('ROOM_BROKEN: Cannot do it.');
  });

  it('refuses at compile time a code that is not in the table', () => {
    // @ts-expect-error: not in the table.
    expect(errorsOf(table)('ROOM_UNKNOWN', 'x').code).toBe('ROOM_UNKNOWN');
  });

  it('has no cause where none was given', () => {
    expect('cause' in errorsOf(table)('ROOM_BROKEN', 'x')).toBe(false);
  });
});

describe('isLoadlineError()', () => {
  it('tells ours from others, and one code from another', () => {
    const error = errorsOf(table)('ROOM_BROKEN', 'x');
    expect(isLoadlineError(error)).toBe(true);
    expect(isLoadlineError(error, 'ROOM_BROKEN')).toBe(true);
    expect(isLoadlineError(error, 'OTHER')).toBe(false);
    for (const other of [new Error('x'), undefined, 'ROOM_BROKEN', { code: 'ROOM_BROKEN' }]) {
      expect(isLoadlineError(other)).toBe(false);
    }
  });
});

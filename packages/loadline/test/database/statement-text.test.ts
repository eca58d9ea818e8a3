import fc from 'fast-check';
import { withoutValues } from 'loadline/database';
import { describe, expect, it } from 'vitest';

describe('withoutValues()', () => {
  it.each([
    ['SELECT * FROM posts WHERE id = $1', 'SELECT * FROM posts WHERE id = $1'],
    ["ALTER ROLE ada PASSWORD 'swordfish'", 'ALTER ROLE ada PASSWORD ?'],
    ["SELECT E'it\\'s secret', N'x', b'101', X'1F', U&'d\\0061t'", 'SELECT ?, ?, ?, ?, ?'],
    ["SELECT 'it''s secret'", 'SELECT ?'],
    ['DO $$ BEGIN secret(1); END $$', 'DO ?'],
    ['SELECT $tag$ a $$ b $tag$, $1', 'SELECT ?, $1'],
    ['SELECT 1, -2.5, .5e10, 0xFF, 1_000, 7e-3', 'SELECT ?, -?, ?, ?, ?, ?'],
    ['SELECT a1, "B 2", t3.x', 'SELECT a1, "B 2", t3.x'],
    ['SELECT "it""s 5", x$1$, é2', 'SELECT "it""s 5", x$1$, é2'],
    // A name may hold dollars, and no quote begins within one.
    ['SELECT a$$5$$', 'SELECT a$$5$$'],
    ['-- 1\n  SELECT  /* 2 */  a', 'SELECT a'],
    ['SELECT a -- user 4711\n FROM\tt /* key=/* nested */ secret */ WHERE b', 'SELECT a FROM t WHERE b'],
    ["SELECT 'never ended secret", 'SELECT ?'],
    ['SELECT /* never ended secret', 'SELECT'],
    ['SELECT $$ never ended secret', 'SELECT ?'],
    ['', ''],
  ])('makes of %j', (text, expected) => {
    expect(withoutValues(text)).toBe(expected);
  });

  it('cuts what is too long, at 2,000 characters by default', () => {
    expect(withoutValues('SELECT one, two, three', 10)).toBe('SELECT on…');
    expect(withoutValues('SELECT on', 9)).toBe('SELECT on');
    expect(withoutValues('SELECT one', 10)).toBe('SELECT one');
    expect(withoutValues('SELECT '.repeat(1000))).toHaveLength(2000);
  });

  it('leaves no half of a character where it cuts', () => {
    for (let max = 8; max < 14; max++) expect(withoutValues('SELECT "👍👍"', max).isWellFormed()).toBe(true);
  });

  it('shows no part of any value, wherever it stands and however it is quoted', () => {
    const letters = fc.string({
      unit: fc.constantFrom('Q', 'Z', "'", '$', '\\', '-', '/', '*', '"', ' ', '\n'),
    });
    const literal = letters.chain((value) =>
      fc.constantFrom(
        `'${value.replaceAll("'", "''")}'`,
        `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
        `$q$${value.replaceAll('$', '')}$q$`,
      ),
    );
    const values = fc.array(
      fc.oneof(literal, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)),
    );
    fc.assert(
      fc.property(values, (drawn) => {
        const shown = withoutValues(`select ${drawn.map((value) => `f(${value})`).join(' and ')} from t`);
        expect(shown).not.toMatch(/[QZ0-9]/);
        expect(shown.match(/f\(-?\?\)/g) ?? []).toHaveLength(drawn.length);
      }),
    );
  });

  it('ends for any text, and never gives more than was asked for', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 50 }), (text, max) => {
        expect(withoutValues(text, max).length).toBeLessThanOrEqual(max);
      }),
    );
  });
});

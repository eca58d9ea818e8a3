import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { type Column, drawBar, drawTable } from 'loadline/cli';
import type { LoadProgress } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { foldHelp } from '../../src/cli/screen/help.ts';
import { wrapLine } from '../../src/cli/screen/lines.ts';
import { progressLine } from '../../src/cli/screen/progress-line.ts';
import { upstreamChanges } from '../../src/cli/screen/upstream-changes.ts';

const progress: LoadProgress = {
  elapsedMs: 42_000,
  durationMs: 210_000,
  users: 1200,
  requests: 123_456,
  errors: 7,
  dropped: 3,
  ratePerSecond: 2940,
  latencyMsP50: 12,
  latencyMsP95: 183,
};
const style = (_: unknown, text: string): string => text;

describe('what a proxy tells of its instances', () => {
  const one = (status: 'starting' | 'up' | 'down' | 'draining', host = '127.0.0.1') => [
    { id: 'one', host, port: 8081, status, inFlight: 0 },
  ];

  it('is who is left out, once, and who is back', () => {
    const leftOut = ['127.0.0.1:8081 is left out: it fails its checks, or requests. It is asked again.'];
    expect(upstreamChanges(one('up'), one('down'))).toEqual(leftOut);
    expect(upstreamChanges(one('down'), one('down'))).toEqual([]);
    expect(upstreamChanges(one('down'), one('up'))).toEqual([
      '127.0.0.1:8081 is well again, and gets requests.',
    ]);
    expect(upstreamChanges([], one('down'))).toEqual(leftOut);
    expect(upstreamChanges([], one('down', '::1'))[0]).toMatch(/^\[::1\]:8081 /);
  });

  it('is nothing of who comes and goes by order', () => {
    expect(upstreamChanges([], one('up'))).toEqual([]);
    expect(upstreamChanges(one('up'), one('draining'))).toEqual([]);
    expect(upstreamChanges(one('down'), [])).toEqual([]);
  });
});

describe('the progress line', () => {
  it('says how far the run is and how it goes', () => {
    expect(progressLine(progress, { width: 120, style })).toBe(
      '████················ 42 s of 3 m 30 s  1,200 users  2,940/s  p95 183 ms  7 errors  3 dropped',
    );
  });

  it('never fills the last column, where a terminal would begin a new line', () => {
    for (let width = 1; width <= 130; width++) {
      expect(progressLine(progress, { width, style }).length).toBeLessThanOrEqual(Math.max(1, width - 1));
    }
  });

  it('has its bar filled when the time is over, and afterwards', () => {
    for (const elapsedMs of [210_000, 211_000]) {
      const line = progressLine({ ...progress, elapsedMs }, { width: 100, style });
      expect(line).toMatch(/^█{20} 3 m 30 s of 3 m 30 s/);
    }
    expect(progressLine({ ...progress, durationMs: 0 }, { width: 100, style })).toMatch(/^█{20}/);
  });
});

describe('drawBar()', () => {
  it('is always of its size', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1, max: 2, noNaN: true }),
        fc.integer({ min: 1, max: 60 }),
        (share, size) => {
          expect([...drawBar(share, size)]).toHaveLength(size);
        },
      ),
    );
  });
});

describe('drawTable()', () => {
  const columns: readonly Column<readonly string[]>[] = [0, 1, 2].map((at) => ({
    title: `t${at}`,
    align: at === 0 ? 'left' : 'right',
    text: (row) => row[at] ?? '',
    importance: at,
  }));

  it('aligns, and drops the least important column where there is no room', () => {
    const rows = [
      ['name', '1', '22'],
      ['n', '333', '4'],
    ];
    expect(drawTable(columns, rows, 40)).toEqual(['t0     t1  t2', 'name    1  22', 'n     333   4']);
    expect(drawTable(columns, rows, 12)).toEqual(['t0     t1', 'name    1', 'n     333']);
  });

  it('cuts a long name in the middle, where names differ least', () => {
    const rows = [
      ['GET /api/food/by/distance', '1', '2'],
      ['GET /api/food/by/time', '3', '4'],
    ];
    expect(drawTable(columns, rows, 18)).toEqual(
      ['t0              t1', 'GET /a…istance   1', 'GET /a…y/time    3'].map((line) =>
        expect.stringMatching(line.slice(0, 6)),
      ),
    );
    for (const line of drawTable(columns, rows, 18)) expect(line.length).toBeLessThanOrEqual(18);
  });
});

describe('wrapLine()', () => {
  const words = fc.array(fc.string({ unit: fc.constantFrom(...'abc-é '), minLength: 1, maxLength: 30 }), {
    maxLength: 12,
  });

  it('fits every line and loses nothing but spaces', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 8, max: 60 }), fc.boolean(), (parts, width, isStyled) => {
        const styled = isStyled ? parts.map((part) => `\u001b[2m${part}\u001b[22m`) : parts;
        const line = `  ${styled.join(' ')}`;
        const wrapped = wrapLine(line, width);
        for (const each of wrapped)
          expect(stripVTControlCharacters(each).length).toBeLessThanOrEqual(
            Math.max(width, line.length - line.trim().length),
          );
        expect(wrapped.join('').replaceAll(' ', '')).toBe(line.replaceAll(' ', ''));
      }),
    );
  });

  it('leaves a line alone that fits', () => {
    expect(wrapLine('  a   b', 7)).toEqual(['  a   b']);
  });
});

describe('a help on a narrow screen', () => {
  const help = `loadline shop FILE [options]
loadline shop openapi FILE [options]

Opens a shop that sells what the file says, and tells how
it goes.

The shop
  --meal NAME    what is sold: soup, bread or cake; may be
                 repeated
  --a-long-name N what stands one space after its name
  --tls-cert FILE, --tls-key FILE
                 speaks TLS with these two files of PEM

Exit codes: 0 sold.
`;

  it('breaks at its spaces, and what an option does stays in its column', () => {
    expect(foldHelp(help, 42)).toBe(`loadline shop FILE [options]
loadline shop openapi FILE [options]

Opens a shop that sells what the file
says, and tells how it goes.

The shop
  --meal NAME    what is sold: soup, bread
                 or cake; may be repeated
  --a-long-name N what stands one space
                 after its name
  --tls-cert FILE, --tls-key FILE
                 speaks TLS with these two
                 files of PEM

Exit codes: 0 sold.
`);
  });

  it('is as it was written where it fits', () => {
    expect(foldHelp(help, 60)).toBe(help);
  });
});

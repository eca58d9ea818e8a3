import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { renderCsv } from '../../../src/load/output/csv.ts';
import { emptyRun, hostileRun, passedRun, unicodeRun } from './fixtures.ts';

/** The lines as another reader of RFC 4180 understands them. */
function linesOf(text: string): Record<string, string>[] {
  return parse(text, { columns: true, record_delimiter: '\r\n' });
}

describe('renderCsv()', () => {
  it('has a line for each second of the whole, of each scenario and of each endpoint', () => {
    const lines = linesOf(renderCsv(passedRun()));
    expect(lines).toHaveLength(60 * (1 + 2 + 4));
    expect(lines.filter((line) => line.name === 'claim').map((line) => line.startMs)).toEqual(
      Array.from({ length: 60 }, (_, second) => String(second * 1000)),
    );
  });

  it('shows what was measured, with its unit in the name of the column', () => {
    const run = passedRun();
    const [line] = linesOf(renderCsv(run)).filter(
      ({ scope, startMs }) => scope === 'total' && startMs === '40000',
    );
    const second = run.total.timeline[40];
    expect(line).toMatchObject({
      time: '2026-11-02T18:30:40.000Z',
      durationMs: '1000',
      requests: String(second?.requests),
      users: '200',
    });
    expect(Number(line?.latencyMsP95)).toBeCloseTo(second?.latencyMs?.p95 ?? 0, 3);
    expect(Number(line?.serviceMsP999)).toBeCloseTo(second?.serviceMs?.p999 ?? 0, 3);
  });

  it('leaves cells empty where nothing was measured', () => {
    const run = passedRun();
    const silent = { ...run.total, timeline: [{ ...first(run.total.timeline), latencyMs: undefined }] };
    const [line] = linesOf(renderCsv({ ...run, total: silent }));
    expect(line?.latencyMsP95).toBe('');
  });

  it('has only a header where there was nothing', () => {
    expect(renderCsv({ ...emptyRun(), scenarios: [] }).split('\r\n')).toHaveLength(2);
  });

  it.each(['=HYPERLINK("http://x")', '@cmd', '-2+3'])('lets no spreadsheet run the name %s', (name) => {
    const names = linesOf(renderCsv(hostileRun())).map((line) => line.name);
    expect(names).toContain(`'${name}`);
    expect(names).not.toContain(name);
  });

  it('keeps names of every script', () => {
    const names = linesOf(renderCsv(unicodeRun())).map((line) => line.name);
    expect(new Set(names)).toContain('食べ物を探す');
  });
});

function first<T>(list: readonly T[]): T {
  return list[0] as T;
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ReportedRun, readReports } from 'loadline/load/compare';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reportWith } from '../../cli/reports.ts';
import { writeReport } from './report-file.ts';
import { simulateRun } from './runs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadline-reports-'));
});
afterEach(() => rm(folder, { recursive: true }));

const runs = [0, 1, 2].map((seed) => simulateRun({ seed, seconds: 2 }));

async function writeRuns(): Promise<string[]> {
  return Promise.all(runs.map((run, at) => writeReport(join(folder, `${at}.json`), run)));
}

const seedsOf = (read: readonly ReportedRun[]): number[] => read.map(({ seed }) => seed);

describe('readReports()', () => {
  it('reads a file, a folder, a pattern, and several with commas between them', async () => {
    const [first, second] = await writeRuns();
    await writeFile(join(folder, 'notes.txt'), 'no report');
    expect(await readReports(first as string)).toEqual([{ ...runs[0], file: first }]);
    expect(seedsOf(await readReports(folder))).toEqual([0, 1, 2]);
    expect(seedsOf(await readReports(join(folder, '[12].json')))).toEqual([1, 2]);
    expect(seedsOf(await readReports(`${first}, ${second}`))).toEqual([0, 1]);
  });

  it('takes a comma in the name of a file for what it is', async () => {
    const path = await writeReport(join(folder, 'a,b.json'), runs[0] as ReportedRun);
    expect(seedsOf(await readReports(path))).toEqual([0]);
  });

  it('reads what a run has written', async () => {
    const path = join(folder, 'run.json');
    await writeFile(path, JSON.stringify(reportWith()));
    expect(await readReports(path)).toHaveLength(1);
  });

  it('reads a report of the version before, which does not say what load was asked for', async () => {
    const path = join(folder, 'older.json');
    await writeFile(
      path,
      JSON.stringify({ ...reportWith(), schema: 'loadline.load-report/2', planned: undefined }),
    );
    expect((await readReports(path))[0]?.planned).toBeUndefined();
  });

  it('refuses a run that is there twice, which would seem surer than it is', async () => {
    const [first] = await writeRuns();
    await expect(readReports(`${folder},${first}`)).rejects.toThrow(/are one run/);
  });

  it.each<[string, string | undefined, RegExp, string]>([
    ['nothing', undefined, /there is no such file or folder/, 'LOAD_REPORT_UNREADABLE'],
    ['no JSON', '{"a":', /it is no JSON/, 'LOAD_REPORT_INVALID'],
    ['other JSON', '{"a":1}', /it is no report of a load run/, 'LOAD_REPORT_INVALID'],
    ['null', 'null', /it is no report of a load run/, 'LOAD_REPORT_INVALID'],
    [
      'an old report',
      '{"schema":"loadline.load-report/1"}',
      /it is loadline.load-report\/1, .* Run the test again/,
      'LOAD_REPORT_INVALID',
    ],
    [
      'an empty report',
      '{"schema":"loadline.load-report/3"}',
      /damaged.*\n {2}name must be a text, got nothing.*and \d+ more/s,
      'LOAD_REPORT_INVALID',
    ],
  ])('tells of %s what it is, and what would do', async (_, text, message, code) => {
    const path = join(folder, 'x.json');
    if (text !== undefined) await writeFile(path, text);
    await expect(readReports(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('says where a report is damaged, and believes no histogram that it has not opened', async () => {
    const run = runs[0] as ReportedRun;
    const path = await writeReport(join(folder, 'x.json'), {
      ...run,
      startedAt: 'yesterday',
      total: { ...run.total, errors: -1, latencyHistogram: 'AQID' },
    });
    await expect(readReports(path)).rejects.toThrow(
      /startedAt must be a date and time.*total.errors must be a whole number.*total.latencyHistogram must be a histogram/s,
    );
  });

  it('refuses more errors than there were requests', async () => {
    const run = runs[0] as ReportedRun;
    const total = { ...run.total, errors: run.total.requests + 1 };
    const path = await writeReport(join(folder, 'x.json'), { ...run, total });
    await expect(readReports(path)).rejects.toThrow(
      /total.errors must be at most \d+, the requests, got \d+/,
    );
  });

  it('says that a folder has no report', async () => {
    await expect(readReports(folder)).rejects.toThrow(/the folder has no .json file/);
  });
});

import { formatCount, formatDuration, formatRatio } from '../../base/index.ts';
import type { LoadReport } from '../report.ts';
import type { ReportRow } from '../report-row.ts';
import type { ThresholdResult } from '../threshold.ts';
import { errorKinds } from './figures.ts';

/**
 * A run as JUnit XML, for the test reports of pipelines: a case for each threshold, for the run itself, for the
 * generator, and for the checks of each endpoint. Some case has failed if and only if the run has not passed;
 * failed checks that the thresholds of a passed run tolerate are shown as skipped. Pure.
 */
export function renderJunit(report: LoadReport): string {
  const judged = [
    { name: 'workers', cases: report.workers.map(workerCase) },
    { name: 'thresholds', cases: report.thresholds.map((result) => thresholdCase(result, report)) },
    {
      name: 'checks',
      cases: report.endpoints.filter(hasChecks).map((row) => checksCase(row, report)),
    },
  ].filter((suite) => suite.cases.length > 0);
  const run = [answersCase(report), generatorCase(report)];
  const isExplained = [...run, ...judged.flatMap((suite) => suite.cases)].some(hasFailed);
  const suites = [{ name: 'run', cases: [endCase(report, isExplained), ...run] }, ...judged];
  const all = suites.flatMap((suite) => suite.cases);
  const seconds = (report.activeMs / 1000).toFixed(3);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: report.name, ...counts(all), time: seconds })}>`,
    ...suites.flatMap((suite, at) => suiteLines(suite, report, at === 0 ? seconds : '0')),
    '</testsuites>',
    '',
  ].join('\n');
}

/** `failure`: judged and not met; `error`: could not be judged. */
interface TestCase {
  readonly name: string;
  readonly outcome: 'passed' | 'failure' | 'error' | 'skipped';
  readonly message?: string;
  readonly details?: string;
}

interface Suite {
  readonly name: string;
  readonly cases: readonly TestCase[];
}

/** It fails as well where no other case tells why a run has not passed. */
function endCase({ verdict: { status, reasons }, endedBecause }: LoadReport, isExplained: boolean): TestCase {
  const name = 'the run came to its end';
  if (status === 'interrupted') return { name, outcome: 'error', message: reasons.join(' ') };
  if (endedBecause !== undefined) return { name, outcome: 'failure', message: endedBecause };
  if (status === 'passed' || isExplained) return { name, outcome: 'passed' };
  return { name, outcome: 'failure', message: reasons.join(' ') };
}

function answersCase(report: LoadReport): TestCase {
  const name = 'the target answered as expected';
  const { total, verdict } = report;
  if (total.requests > total.errors) return { name, outcome: 'passed' };
  const details = errorKinds(report.endpoints).map(
    ({ endpoint, count, what, example }) => `${formatCount(count)} × ${endpoint}: ${what}: ${example}`,
  );
  if (verdict.status === 'interrupted') return notJudged(name);
  return { name, outcome: 'failure', message: verdict.reasons.join(' '), details: details.join('\n') };
}

function generatorCase({ generator, verdict }: LoadReport): TestCase {
  const name = 'the generator kept up';
  if (!generator.wasBottleneck && verdict.status !== 'invalid') return { name, outcome: 'passed' };
  if (verdict.status === 'interrupted') return notJudged(name);
  const message = verdict.status === 'invalid' ? verdict.reasons.join(' ') : generator.statement;
  const time = (ms: number): string => formatDuration(Math.round(ms));
  const details = generator.overloaded.map(
    ({ fromMs, toMs }) => `overloaded from ${time(fromMs)} to ${time(toMs)}`,
  );
  return { name, outcome: 'failure', message, details: details.join('\n') };
}

/** That one was lost is told; whether the run is invalid by it, the generator's case says. */
function workerCase({ name: worker, lost }: LoadReport['workers'][number]): TestCase {
  const name = `the worker ${worker} came to the end`;
  if (lost === undefined) return { name, outcome: 'passed' };
  const { atMs, because, takenOverBy } = lost;
  const then =
    takenOverBy === undefined ? 'nobody went on with its share' : `${takenOverBy} took over its share`;
  return { name, outcome: 'skipped', message: `lost after ${formatDuration(atMs)} (${because}); ${then}` };
}

/** Where the generator was the bottleneck the figures are not the target's, whichever way they point. */
function thresholdCase({ text, verdict, shown }: ThresholdResult, report: LoadReport): TestCase {
  const { status } = report.verdict;
  if (status === 'interrupted' || status === 'invalid') return notJudged(text);
  if (verdict === 'passed') return { name: text, outcome: 'passed' };
  if (verdict === 'failed') return { name: text, outcome: 'failure', message: `${text}, got ${shown}` };
  return { name: text, outcome: 'error', message: `${text}: nothing was measured` };
}

function checksCase(row: ReportRow, report: LoadReport): TestCase {
  const name = `checks of ${row.name}`;
  const { passed, failed, failedByName } = row.checks;
  if (failed === 0) return { name, outcome: 'passed' };
  const message = `${formatCount(failed)} of ${formatCount(passed + failed)} failed (${formatRatio(failed / (passed + failed))})`;
  const details = Object.entries(failedByName).map(([check, count]) => `${formatCount(count)} × ${check}`);
  const isTolerated = report.verdict.status === 'passed';
  return isTolerated
    ? { name, outcome: 'skipped', message: `${message}, which the thresholds tolerate` }
    : { name, outcome: 'failure', message, details: details.join('\n') };
}

function hasFailed({ outcome }: TestCase): boolean {
  return outcome === 'failure' || outcome === 'error';
}

function hasChecks({ checks }: ReportRow): boolean {
  return checks.passed + checks.failed > 0;
}

function notJudged(name: string): TestCase {
  return { name, outcome: 'skipped', message: 'not judged' };
}

function suiteLines({ name, cases }: Suite, report: LoadReport, seconds: string): string[] {
  const given = {
    name: `${report.name}: ${name}`,
    ...counts(cases),
    // Jenkins' schema knows this of a suite alone.
    skipped: countOf(cases, 'skipped'),
    time: seconds,
    timestamp: report.startedAt.replace(/\.\d+Z$/, ''),
  };
  return [
    `  <testsuite${attributes(given)}>`,
    ...cases.map((each) => caseLine(each, `${report.name}.${name}`)),
    '  </testsuite>',
  ];
}

function caseLine({ name, outcome, message = '', details = '' }: TestCase, classname: string): string {
  const open = `    <testcase${attributes({ name, classname, time: '0' })}`;
  if (outcome === 'passed') return `${open}/>`;
  if (outcome === 'skipped') return `${open}><skipped${attributes({ message })}/></testcase>`;
  const body = details === '' ? message : details;
  return `${open}><${outcome}${attributes({ message, type: outcome })}>${escapeXml(body)}</${outcome}></testcase>`;
}

function counts(cases: readonly TestCase[]): Record<string, number> {
  return { tests: cases.length, failures: countOf(cases, 'failure'), errors: countOf(cases, 'error') };
}

function countOf(cases: readonly TestCase[], outcome: TestCase['outcome']): number {
  return cases.filter((each) => each.outcome === outcome).length;
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeXml(String(value)).replace(/[\t\n\r]/g, ' ')}"`)
    .join('');
}

/** XML 1.0 knows no control characters and no lone surrogates, not even escaped: they become U+FFFD. */
function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

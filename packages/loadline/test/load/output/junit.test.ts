import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { renderJunit } from '../../../src/load/output/junit.ts';
import {
  abortedRun,
  distributedRun,
  emptyRun,
  failedRun,
  hostile,
  hostileRun,
  interruptedRun,
  invalidRun,
  passedRun,
} from './fixtures.ts';

interface Case {
  readonly name: string;
  outcome: string;
  message: string;
}

/** The cases as a strict XML parser finds them; it throws at anything that is not well-formed. */
function casesOf(text: string): { cases: Case[]; totals: Record<string, string> } {
  const cases: Case[] = [];
  let totals: Record<string, string> = {};
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const given = attributes as Record<string, string>;
    if (name === 'testsuites') totals = given;
    if (name === 'testcase') cases.push({ name: given.name ?? '', outcome: 'passed', message: '' });
    if (name === 'failure' || name === 'error' || name === 'skipped') {
      Object.assign(cases.at(-1) ?? {}, { outcome: name, message: given.message });
    }
  });
  parser.write(text).close();
  return { cases, totals };
}

function outcomes(text: string): Record<string, string> {
  return Object.fromEntries(casesOf(text).cases.map(({ name, outcome }) => [name, outcome]));
}

describe('renderJunit()', () => {
  it('has a case for the run, the generator, each threshold and the checks of each endpoint', () => {
    expect(outcomes(renderJunit(passedRun()))).toEqual({
      'the run came to its end': 'passed',
      'the target answered as expected': 'passed',
      'the generator kept up': 'passed',
      'latency: p95 < 200ms': 'passed',
      'claim.latency: p99 < 500ms': 'passed',
      'errors: ratio < 0.1%': 'passed',
      'checks of discovery': 'passed',
      'checks of food details': 'passed',
      'checks of claim': 'passed',
      'checks of log in': 'passed',
    });
  });

  it('fails what was not met, with what was measured, and errs where nothing was', () => {
    const { cases } = casesOf(renderJunit(failedRun()));
    expect(cases).toContainEqual({
      name: 'latency: p95 < 40ms',
      outcome: 'failure',
      message: 'latency: p95 < 40ms, got 62.1 ms',
    });
    expect(cases).toContainEqual(
      expect.objectContaining({ name: 'log in.latency: p99 < 1s', outcome: 'error' }),
    );
    expect(cases).toContainEqual(expect.objectContaining({ name: 'checks of claim', outcome: 'failure' }));
  });

  it('judges no threshold where the generator was the bottleneck', () => {
    expect(outcomes(renderJunit(invalidRun()))).toMatchObject({
      'the generator kept up': 'failure',
      'latency: p95 < 200ms': 'skipped',
    });
  });

  it('says that a threshold has ended the run, also where that threshold’s own case has failed', () => {
    const aborted = abortedRun();
    for (const run of [aborted, { ...aborted, thresholds: failedRun().thresholds }]) {
      expect(casesOf(renderJunit(run)).cases).toContainEqual({
        name: 'the run came to its end',
        outcome: 'failure',
        message: 'errors: ratio < 1%, got 7 %: the run was ended after 12 s',
      });
    }
    expect(outcomes(renderJunit(failedRun()))['the run came to its end']).toBe('passed');
  });

  it('tells when the generator was overloaded as people tell the time', () => {
    const generator = { ...invalidRun().generator, overloaded: [{ fromMs: 0.2855, toMs: 23_000.7 }] };
    expect(renderJunit({ ...invalidRun(), generator })).toContain('overloaded from 0 ms to 23 s<');
  });

  it('has a case for each of several workers, and tells how one was lost', () => {
    const passed = { ...distributedRun(), verdict: { status: 'passed' as const, reasons: [] } };
    const { cases, totals } = casesOf(renderJunit(passed));
    expect(cases.filter(({ name }) => name.startsWith('the worker'))).toEqual([
      {
        name: 'the worker alpha came to the end',
        outcome: 'skipped',
        message: 'lost after 31 s (no word for 2 s); nobody went on with its share',
      },
      {
        name: 'the worker beta came to the end',
        outcome: 'skipped',
        message: 'lost after 40 s (it has ended); gamma took over its share',
      },
      { name: 'the worker gamma came to the end', outcome: 'passed', message: '' },
    ]);
    expect(totals.failures).toBe('0');
  });

  it('judges nothing in a run that was interrupted', () => {
    expect(outcomes(renderJunit(interruptedRun()))).toMatchObject({
      'the run came to its end': 'error',
      'latency: p95 < 200ms': 'skipped',
    });
  });

  it('fails a run in which nothing answered, also without thresholds', () => {
    const text = renderJunit({ ...emptyRun(), thresholds: [] });
    expect(outcomes(text)['the target answered as expected']).toBe('failure');
  });

  it('shows the failed checks of a passed run as skipped, so that no pipeline calls it failed', () => {
    const failed = failedRun();
    const run = { ...passedRun(), endpoints: failed.endpoints };
    const { cases, totals } = casesOf(renderJunit(run));
    expect(cases).toContainEqual(
      expect.objectContaining({
        name: 'checks of claim',
        outcome: 'skipped',
        message: expect.stringContaining('tolerate'),
      }),
    );
    expect(totals).toMatchObject({ failures: '0', errors: '0', tests: '10' });
  });

  it.each([
    passedRun,
    failedRun,
    invalidRun,
    interruptedRun,
    emptyRun,
    hostileRun,
    distributedRun,
    abortedRun,
  ])('has a failed case if and only if the run has not passed: %o', (run) => {
    const report = run();
    const failed = casesOf(renderJunit(report)).cases.filter(
      ({ outcome }) => outcome === 'failure' || outcome === 'error',
    );
    expect(failed.length > 0).toBe(report.verdict.status !== 'passed');
  });

  it('is well-formed whatever a server has sent', () => {
    const { cases } = casesOf(renderJunit(hostileRun()));
    const checks = cases.find(({ name }) => name.startsWith('checks of </script>'));
    expect(checks?.name).toBe(`checks of ${hostile.replace('\r\n', '  ').replace(/\p{Cc}/gu, '\ufffd')}`);
    expect(() => casesOf(renderJunit({ ...passedRun(), name: '\ud800 alone \uffff' }))).not.toThrow();
  });
});

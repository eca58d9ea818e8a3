import fc from 'fast-check';
import { type Advice, advise, type Recommendation } from 'loadline/advice';
import type { Finding, Review } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { type Planted, planted, review } from './findings.ts';

function firstOf(...kinds: readonly Planted[]): Recommendation {
  const [first] = advise([review(kinds.map((kind) => planted[kind]))]).recommendations;
  if (first === undefined) throw new Error('There is no recommendation.');
  return first;
}

describe('advise()', () => {
  it.each<[string, Planted, RegExp]>([
    ['a statement that reads the whole table', 'sequentialStatement', /^Give this statement an index/],
    ['a statement that is slow for another reason', 'waitingStatement', /^Look at the plan/],
    ['a pool that is too small', 'smallPool', /enlarge the pool from 10 to 29/],
    ['a pool that is large enough for the average', 'largePool', /^Find who holds connections for long/],
    ['a pool of which little is known', 'unknownPool', /^Shorten what is done while a connection is held/],
    ['a cache that is too small', 'smallCache', /^Give the cache more memory/],
    ['a cache whose entries live too briefly', 'briefCache', /^Look at what misses/],
    ['an event loop that is busy', 'eventLoop', /^Run 4 instances instead of 3/],
    ['a CPU that is busy', 'cpu', /^Run 6 instances instead of 4/],
    ['memory that is short', 'memory', /^Give each instance 600 MB/],
    ['a leak', 'leak', /^Take a sampled heap profile now/],
    ['an endpoint that fails', 'failingEndpoint', /^Look at the errors of this endpoint first/],
    ['a hot function', 'hotFunction', /^Make this function do less/],
    ['a load test that was stopped by the CPU', 'testWithCpu', /^Run 3 instances instead of 2/],
    [
      'a load test that ran out of connections',
      'testWithConnections',
      /^Look at the slow statements and the pools/,
    ],
    ['a load test without anything at its limit', 'testWithNothing', /^Take a CPU profile/],
    ['a load test whose generator was too small', 'generator', /^Make the load with more workers/],
    ['connections that nobody uses', 'idleConnections', /^Make the pools of the services smaller/],
    ['connections that are all busy', 'busyConnections', /^Find what keeps the connections busy/],
    ['a server whose memory is too small', 'buffers', /^Look for statements that read whole tables/],
    ['a transaction that does nothing', 'idleTransaction', /^Find who opens a transaction/],
    ['deadlocks', 'deadlocks', /^Take locks in one order/],
    ['a replica that lags', 'replica', /^Send no reads there/],
  ])('has the right advice about %s', (_, kind, action) => {
    const first = firstOf(kind);
    expect(first.action).toMatch(action);
    expect(first.component).toBe(planted[kind].component);
    expect(first.evidence).toEqual(planted[kind].evidence);
  });

  it('says of connections how many are open, and how many of those do nothing', () => {
    expect(firstOf('idleConnections').reasoning).toContain('are open: 92, of which 85 are idle.');
    expect(firstOf('busyConnections').reasoning).toContain('are open: 92, of which 2 are idle.');
  });

  it.each<[string, Planted, readonly Planted[]]>([
    ['the statement before the pool that it exhausts', 'waitingStatement', ['smallPool', 'waitingStatement']],
    ['the hot function before more instances', 'hotFunction', ['eventLoop', 'hotFunction']],
    ['the leak before more memory', 'leak', ['memory', 'leak']],
    [
      'the statement before pool, connections and test',
      'sequentialStatement',
      ['testWithConnections', 'busyConnections', 'smallPool', 'sequentialStatement'],
    ],
    [
      'the failing endpoint before a test that it spoiled',
      'failingEndpoint',
      ['testWithNothing', 'failingEndpoint'],
    ],
    ['what is critical before what is not', 'cpu', ['replica', 'deadlocks', 'buffers', 'cpu']],
  ])('puts %s', (_, first, kinds) => {
    expect(firstOf(...kinds).finding).toBe(planted[first]);
  });

  it('advises once on a bottleneck that a test and live metrics both name', () => {
    const { recommendations } = advise([review([planted.testWithCpu]), review([planted.cpu])]);
    expect(recommendations).toHaveLength(1);
    const [only] = recommendations;
    expect(only?.finding).toBe(planted.cpu);
    expect(only?.severity).toBe(planted.testWithCpu.severity);
    expect(only?.evidence).toEqual([...planted.cpu.evidence, ...planted.testWithCpu.evidence]);
    expect(only?.alsoSeen).toEqual([planted.testWithCpu]);
    expect(only?.reasoning).toContain(planted.testWithCpu.summary);
  });

  it('advises on each where they may be different ones', () => {
    const other: Finding = { ...planted.cpu, component: 'service other' };
    const two = advise([review([planted.cpu, other, planted.testWithCpu])]).recommendations;
    expect(two.map(({ finding }) => finding)).toContain(planted.testWithCpu);
    const named: Finding = { ...planted.testWithCpu, component: 'service other' };
    const joined = advise([review([planted.cpu, other, named])]).recommendations;
    expect(joined.map(({ finding }) => finding)).toEqual(expect.arrayContaining([planted.cpu, other]));
    expect(joined).toHaveLength(2);
    const loop = advise([review([planted.eventLoop, planted.testWithCpu])]).recommendations;
    expect(loop).toHaveLength(2);
  });

  it('makes a cause as pressing as what it explains', () => {
    expect(planted.waitingStatement.severity).toBe('warning');
    expect(firstOf('smallPool', 'waitingStatement').severity).toBe('critical');
  });

  it('advises on a mere notice only where it explains something worse', () => {
    const notice: Finding = { ...planted.hotFunction, severity: 'notice' };
    expect(advise([review([notice])]).recommendations).toEqual([]);
    const [first] = advise([review([planted.eventLoop, notice])]).recommendations;
    expect(first?.finding).toBe(notice);
  });

  it('gives a healthy system an empty list, and says what it has looked at', () => {
    const { recommendations, reason } = advise([review([], 'CPU of service api'), review([], 'statements')]);
    expect(recommendations).toEqual([]);
    expect(reason).toBe(
      'Looked at CPU of service api; statements: every number that was seen is within its limits, so that there is nothing to recommend.',
    );
  });

  it('does not call healthy what nobody has looked at', () => {
    expect(advise([]).reason).toBe('Nothing was looked at, so that nothing can be said.');
    const blind: Review = { subject: 'nothing of service api', findings: [], unseen: ['CPU: not measured'] };
    expect(advise([blind])).toMatchObject({
      reason: expect.stringContaining('1 thing could not be seen'),
      unseen: ['CPU: not measured'],
    });
  });

  it('keeps findings that it has no answer to', () => {
    const odd: Finding = { ...planted.cpu, kind: 'the moon is full' };
    const numberless: Finding = { ...planted.cpu, evidence: [] };
    const { recommendations, unanswered, reason } = advise([review([odd, numberless])]);
    expect(recommendations).toEqual([]);
    expect(unanswered).toEqual([odd, numberless]);
    expect(reason).toContain('2 findings without a known answer');
  });
});

describe('what a recommendation expects', () => {
  const each = Object.values(planted).map((finding) => advise([review([finding])]).recommendations);
  const all = each.flat();

  it('is a formula with its inputs and both numbers, or not known with the reason', () => {
    expect(all).toHaveLength(Object.keys(planted).length);
    for (const { expected } of all) {
      if (expected.kind === 'not known') {
        expect(expected.because).toMatch(/\w/);
        continue;
      }
      expect(Object.values(expected.inputs).every(Number.isFinite)).toBe(true);
      expect(expected.formula).toMatch(/=/);
      expect(expected.after).toBeLessThan(expected.before);
    }
  });

  it.each<[string, Planted, number, number]>([
    // 0.9 busy over 3 instances is the work of 2.7; four share it.
    ['by the utilization law', 'eventLoop', 0.9, 0.675],
    // 200 a second, each held for 0.1 s, is 20 at work: two for each of 10 connections, and 20/29 of 29.
    ["by Little's law", 'smallPool', 2, 20 / 29],
    // Eight tenths of the time, of which (4 + 6) of 5,000 pages are left.
    ["by Amdahl's law and pages", 'sequentialStatement', 1, 0.2 + 0.8 * (10 / 5000)],
    ["by Amdahl's law for half of a function", 'hotFunction', 1, 0.7],
    // 1,000 lookups a second: 400 miss at 60 %, 150 at 85 %.
    ['by misses', 'smallCache', 400, 150],
    // 2 % of all requests fail, nine tenths of them here.
    ['by the share of errors', 'failingEndpoint', 0.02, 0.002],
  ])('is modelled %s', (_, kind, before, after) => {
    const { expected } = firstOf(kind);
    if (expected.kind === 'not known') throw new Error(expected.because);
    expect(expected.before).toBeCloseTo(before, 9);
    expect(expected.after).toBeCloseTo(after, 9);
  });
});

describe('advise() for any findings', () => {
  const anyFindings = fc.shuffledSubarray(Object.values(planted));

  it('does not depend on their order', () => {
    fc.assert(
      fc.property(anyFindings, fc.nat(), (findings, cut) => {
        const turned = [...findings.slice(cut % 20), ...findings.slice(0, cut % 20)];
        const kindsOf = ({ recommendations }: Advice): string[] =>
          recommendations.map(({ action }) => action).toSorted();
        expect(kindsOf(advise([review(turned)]))).toEqual(kindsOf(advise([review(findings)])));
      }),
    );
  });

  it('loses none: each is answered, open, or a notice', () => {
    const anyNumber = fc.oneof(fc.double(), fc.constant(Number.NaN));
    const spoiled = anyFindings.chain((findings) =>
      fc.array(anyNumber, { minLength: 200, maxLength: 200 }).map((values) =>
        findings.map((finding, at) => ({
          ...finding,
          evidence: finding.evidence.map((each, index) => ({ ...each, value: values[at * 8 + index] ?? 0 })),
        })),
      ),
    );
    fc.assert(
      fc.property(spoiled, (findings) => {
        const { recommendations, unanswered } = advise([review(findings)]);
        const answered = recommendations.flatMap(({ finding, alsoSeen }) => [finding, ...alsoSeen]);
        expect(answered.length + unanswered.length).toBe(findings.length);
      }),
    );
  });
});

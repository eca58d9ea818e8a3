import fc from 'fast-check';
import { createRegistry, PrometheusParser, parsePrometheus, type Scrape } from 'loadline/metrics';
import { describe, expect, it } from 'vitest';
import { slicesOf } from './slices.ts';

const help = 'What it is.';

/** `name{label=value,…} number`, family by family. */
function shown({ families }: Scrape): Record<string, string[]> {
  return Object.fromEntries(
    [...families].map(([name, { kind, samples }]) => [
      `${kind} ${name}`,
      samples.map(
        (sample) =>
          `${sample.name}{${[...sample.labels].map((pair) => pair.join('=')).join(',')}} ${sample.value}`,
      ),
    ]),
  );
}

describe('parsePrometheus()', () => {
  it('reads samples into the families that their TYPE lines name', () => {
    const text = `# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3
# TYPE wait_seconds histogram
wait_seconds_bucket{le="0.1"} 2
wait_seconds_bucket{le="+Inf"} 3
wait_seconds_sum 5.5
wait_seconds_count 3
# TYPE rpc_seconds summary
rpc_seconds{quantile="0.5"} 4.7e-3
rpc_seconds_sum 1
# a remark
metric_without_type 12.47
other_count 1`;
    const scrape = parsePrometheus(text);
    expect(shown(scrape)).toEqual({
      'counter http_requests_total': [
        'http_requests_total{method=post,code=200} 1027',
        'http_requests_total{method=post,code=400} 3',
      ],
      'histogram wait_seconds': [
        'wait_seconds_bucket{le=0.1} 2',
        'wait_seconds_bucket{le=+Inf} 3',
        'wait_seconds_sum{} 5.5',
        'wait_seconds_count{} 3',
      ],
      'summary rpc_seconds': ['rpc_seconds{quantile=0.5} 0.0047', 'rpc_seconds_sum{} 1'],
      'unknown metric_without_type': ['metric_without_type{} 12.47'],
      'unknown other_count': ['other_count{} 1'],
    });
    expect(scrape).toMatchObject({ problems: [], badLines: 0, isCut: false });
  });

  it('reads OpenMetrics: counters named without _total, units, exemplars, information and the end', () => {
    const text = `# TYPE foo_seconds counter
# UNIT foo_seconds seconds
foo_seconds_total{a="b"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67
foo_seconds_created{a="b"} 1520430000.123
# TYPE build info
build_info{version="1"} 1
# TYPE odd gaugehistogram
# EOF
`;
    expect(shown(parsePrometheus(text))).toEqual({
      'counter foo_seconds': ['foo_seconds_total{a=b} 17', 'foo_seconds_created{a=b} 1520430000.123'],
      'gauge build': ['build_info{version=1} 1'],
    });
  });

  it('reads blanks, tabs, carriage returns and a last comma wherever they may stand', () => {
    const text = '\r\n  # \tTYPE  a\tgauge \r\n \ta { b = "c" , d="" , } \t+1.5E1 \r\n\n a{}2\n';
    expect(shown(parsePrometheus(text))).toEqual({ 'gauge a': ['a{b=c,d=} 15', 'a{} 2'] });
  });

  it.each([
    ['NaN', Number.NaN],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['-inf', Number.NEGATIVE_INFINITY],
    ['.5', 0.5],
    ['5.', 5],
    ['-1e-9', -1e-9],
  ])('reads %s', (text, value) => {
    expect(parsePrometheus(`a ${text}`).families.get('a')?.samples[0]?.value).toBe(value);
  });

  it.each([
    ['1up 1', 'does not begin with a name'],
    ['{a="b"} 1', 'does not begin with a name'],
    ['up', 'has no number'],
    ['up one', 'has no number'],
    ['up 0x10', 'has no number'],
    ['up 1_000', 'has no number'],
    ['up{a="b" 1', 'labels'],
    ['up{a="b} 1', 'labels'],
    ['up{a=b} 1', 'labels'],
    ['up{a="b"c="d"} 1', 'labels'],
    ['up{a="b",a="c"} 1', 'labels'],
    ['up{,} 1', 'labels'],
    ['# TYPE up', 'no TYPE line'],
    ['# TYPE fine gauge', 'comes after samples'],
  ])('leaves out the line %j, says why and reads on', (line, why) => {
    const scrape = parsePrometheus(`fine 1\n${line}\nup 2`);
    expect(shown(scrape)).toEqual({ 'unknown fine': ['fine{} 1'], 'unknown up': ['up{} 2'] });
    expect(scrape.problems).toEqual([expect.stringContaining(`line 2: ${JSON.stringify(line)} `)]);
    expect(scrape.problems[0]).toContain(why);
  });

  it('skips what nobody wants without reading it', () => {
    const scrape = parsePrometheus('# TYPE a counter\na_total 1\nb{broken 1\na_other 1', {
      wanted: (name) => name === 'a',
    });
    expect(shown(scrape)).toEqual({ 'counter a': ['a_total{} 1'] });
    expect(scrape.badLines).toBe(0);
  });

  it('takes no name for skipped that only begins like one', () => {
    const wanted = (name: string): boolean => name !== 'a';
    expect(shown(parsePrometheus('a 1\nab 2\na{x="y"} 3\na:b 4', { wanted }))).toEqual({
      'unknown ab': ['ab{} 2'],
      'unknown a:b': ['a:b{} 4'],
    });
  });

  it('reads what is wanted from its TYPE line on, also when its samples were skipped before', () => {
    const wanted = (name: string): boolean => name === 'a';
    const scrape = parsePrometheus('a_total 1\n# TYPE a counter\na_total 2', { wanted });
    expect(shown(scrape)).toEqual({ 'counter a': ['a_total{} 2'] });
  });

  it('skips the buckets of histograms where only sum and count are of use', () => {
    const page = '# TYPE a histogram\na_bucket{le="1"} 1\na_bucket{broken\na_sum 1\na_count 1\nb_bucket 1';
    const scrape = parsePrometheus(page, { withoutBuckets: true });
    expect(shown(scrape)).toEqual({
      'histogram a': ['a_sum{} 1', 'a_count{} 1'],
      'unknown b_bucket': ['b_bucket{} 1'],
    });
    expect(scrape.badLines).toBe(0);
  });

  it('keeps at most so many samples, and says that there were more', () => {
    const scrape = parsePrometheus('a 1\na 2\na 3', { samplesMax: 2 });
    expect(scrape.families.get('a')?.samples.length).toBe(2);
    expect(scrape.isCut).toBe(true);
    expect(parsePrometheus('a 1\na 2', { samplesMax: 2 }).isCut).toBe(false);
  });

  it('holds no line longer than 64 KiB, and no more than ten problems', () => {
    const parser = new PrometheusParser();
    for (let piece = 0; piece < 100; piece++) parser.push('x'.repeat(10_000));
    parser.push(`\n${'? 1\n'.repeat(20)}fine 1`);
    const scrape = parser.end();
    expect(scrape).toMatchObject({ badLines: 21, problems: { length: 10 } });
    expect(scrape.problems[0]).toContain('is longer than 65536 characters');
    expect(scrape.families.has('fine')).toBe(true);
  });

  it('is not misled by names that objects have', () => {
    const scrape = parsePrometheus('__proto__{__proto__="x"} 1\nconstructor{toString="y"} 2');
    expect(shown(scrape)).toEqual({
      'unknown __proto__': ['__proto__{__proto__=x} 1'],
      'unknown constructor': ['constructor{toString=y} 2'],
    });
  });
});

const labelValue = fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed());
const anyNumber = fc.double().map((value) => (Object.is(value, -0) ? 0 : value));

describe('what a registry renders', () => {
  it('is read as it was: names, kinds, labels and numbers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(labelValue, { maxLength: 8 }), anyNumber, async (values, number) => {
        const registry = createRegistry();
        const jobs = registry.counter({ name: 'jobs_total', help, labels: ['of'] });
        const load = registry.gauge({ name: 'load_ratio', help: `${help}\n# TYPE x y`, labels: ['of'] });
        for (const of of values) {
          jobs.with({ of }).add(1.5);
          load.with({ of }).set(number);
        }
        const { families, badLines } = parsePrometheus((await slicesOf(registry)).join(''));
        const read = (name: string) =>
          families.get(name)?.samples.map(({ labels, value }) => [labels.get('of'), value]) ?? [];
        expect(badLines).toBe(0);
        expect(read('jobs_total')).toEqual(values.map((of) => [of, 1.5]));
        expect(read('load_ratio')).toEqual(values.map((of) => [of, number]));
        if (values.length > 0) expect(families.get('load_ratio')?.kind).toBe('gauge');
      }),
    );
  });

  it('is read as it was: histograms', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 10_000_000 }), { minLength: 1 }), async (latenciesUs) => {
        const registry = createRegistry();
        const waits = registry.histogram({ name: 'wait_seconds', help });
        for (const us of latenciesUs) waits.record(us);
        const family = parsePrometheus((await slicesOf(registry)).join('')).families.get('wait_seconds');
        const one = (name: string) => family?.samples.find((sample) => sample.name === name)?.value;
        expect(family?.kind).toBe('histogram');
        expect(one('wait_seconds_count')).toBe(latenciesUs.length);
        expect(one('wait_seconds_sum')).toBeCloseTo(latenciesUs.reduce((sum, us) => sum + us, 0) / 1e6, 9);
        expect(family?.samples.filter(({ name }) => name === 'wait_seconds_bucket').length).toBe(14);
      }),
    );
  });
});

describe('any text', () => {
  const wanted = (name: string): boolean => name !== 'a';

  const piece = fc.oneof(
    fc.constantFrom(
      '\n# TYPE ',
      '\na',
      '\na_total',
      '\na_bucket',
      ' counter',
      ' histogram',
      '{',
      '}',
      '"',
      '\\',
      'le="',
      ',',
      ' 1',
      '\n',
      ' ',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );

  it('is read without throwing, and the same in whatever pieces it comes', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const options = { wanted, withoutBuckets: true };
        const parser = new PrometheusParser(options);
        for (const each of pieces) parser.push(each);
        expect(parser.end()).toEqual(parsePrometheus(pieces.join(''), options));
      }),
      { numRuns: 1000 },
    );
  });
});

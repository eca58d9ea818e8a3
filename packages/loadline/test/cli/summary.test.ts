import { stripVTControlCharacters, styleText } from 'node:util';
import { formatRatio } from 'loadline/base';
import { type Style, summarize } from 'loadline/cli';
import type { LoadReport } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { answers, overloaded, reportWith, threshold } from './reports.ts';

const plain: Style = (_, text) => text;
const colored: Style = (format, text) => styleText(format, text, { validateStream: false });

const long = 'a-very-long-name-'.repeat(12);
const reports: Readonly<Record<string, LoadReport>> = {
  empty: reportWith({ facts: { activeMs: 0 }, samples: [] }),
  refused: reportWith({
    record: (recorder) => {
      for (let i = 0; i < 1234; i++) {
        recorder
          .lane('visit', 'GET /api/food')
          .failure('refused', 'nobody listens at the target', 0.2, undefined);
      }
    },
  }),
  passed: reportWith({
    plan: { thresholds: [threshold('latency', 'p95 < 10s'), threshold('errors', 'ratio < 1%')] },
    record: (recorder) => {
      answers(recorder, 'discovery', 3000);
      answers(recorder, 'POST /api/food/{{foodId}}/claim', 200, { latencyMs: 400 });
    },
  }),
  failed: reportWith({
    plan: { thresholds: [threshold('latency', 'p95 < 1ms'), threshold('latency', 'p95 < 1ms', long)] },
    record: (recorder) => {
      answers(recorder, long, 30, { status: 503 });
      answers(recorder, 'discovery', 30);
      const lane = recorder.lane('visit', 'discovery');
      lane.check(`body contains "${long}"`).failed++;
      lane.failure('malformed', `the target sent no HTTP response: "${'x'.repeat(40)}"`, 5, 5);
      recorder.cutShort(`${long}: no value for foodId`);
      recorder.dropped = 1_234_567;
      recorder.waited = 7_654_321;
      recorder.unfinished = 99;
    },
  }),
  invalid: reportWith({
    samples: [overloaded, overloaded, overloaded],
    record: (recorder) => answers(recorder, 'discovery', 3000),
  }),
  sessions: reportWith({
    record: (recorder) => {
      const lane = recorder.lane('visit', 'price');
      lane.message(12, 10);
      lane.failure('timeout', 'no message that matches within 1000 ms', 1000, 1000);
      recorder.sessions.absorb({ messagesIn: 12_345, bytesIn: 99_000, messagesDropped: 678, brokenIdle: 9 });
    },
  }),
  interrupted: reportWith({
    plan: { name: long, target: `http://${long}.example:8080/${long}` },
    facts: { wasInterrupted: true, activeMs: 3000 },
    record: (recorder) => answers(recorder, 'discovery', 30),
  }),
};

const lines = (report: LoadReport, width = 100, style = plain): string[] =>
  summarize(report, { width, style }).split('\n');

describe('a summary', () => {
  const cases = Object.keys(reports).flatMap((name) =>
    [120, 80, 50, 40].map((width) => [name, width] as const),
  );

  it('tells what happened in sessions, and the latency of messages', () => {
    const text = lines(reports.sessions as LoadReport).join('\n');
    expect(text).toMatch(/sessions +12,345 messages came, 99 kB\n +678 dropped, .*\n +9 sessions broke/);
    expect(text).toMatch(/price +2 +0\.2\/s +12 ms/);
  });

  it('names those who made the load, who of them was lost, and how much was not heard of', () => {
    const worker = { clockOffsetMs: 0, clockErrorMs: 0.2, lost: undefined };
    const lost = { atMs: 1910, because: 'it was silent for 1743 ms', takenOverBy: 'agent south' };
    const sentence = 'agent north was lost after 1.91 s (…), and agent south took over its share.';
    const text = lines(
      reportWith({
        facts: {
          workers: [
            { name: 'agent north', ...worker, lost },
            { name: 'agent south', ...worker },
          ],
          remarks: [sentence],
        },
        record: (recorder) => {
          answers(recorder, 'discovery', 30);
          recorder.unreported = 12;
        },
      }),
    ).join('\n');
    expect(text).toContain(`✓ passed\n    ${sentence}\n`);
    expect(text).toContain('\n  workers\n  agent north (lost after 1.91 s), agent south\n');
    expect(text).toMatch(/\n +12 lost with their worker\n/);
    expect(lines(reportWith()).join('\n')).not.toContain('workers');
  });

  it.each(cases)('of the report "%s" fits a screen of %d columns, in colors too', (name, width) => {
    const report = reports[name] as LoadReport;
    for (const style of [plain, colored]) {
      for (const line of lines(report, width, style)) {
        expect(stripVTControlCharacters(line).length, line).toBeLessThanOrEqual(width);
      }
    }
    expect(lines(report, width, colored).map(stripVTControlCharacters)).toEqual(lines(report, width));
  });

  it.each(cases)(
    'of the report "%s" at %d columns leaves out no word but those of columns',
    (name, width) => {
      const words = (text: string): string => text.replaceAll(/\s/g, '');
      const wide = lines(reports[name] as LoadReport, 10_000);
      const narrow = words(lines(reports[name] as LoadReport, width).join(''));
      const isOfTable = (line: string): boolean =>
        /\/s\s+.*(ms|s|–)\s/.test(line) || line.includes('latency of');
      for (const line of wide.filter((each) => !isOfTable(each) && !/^ {2}[✓✗]/.test(each))) {
        expect(narrow).toContain(words(line));
      }
    },
  );

  it('says what was offered and achieved, and what passed', () => {
    const text = lines(reports.passed as LoadReport).join('\n');
    expect(text).toContain('✓ passed');
    expect(text).toMatch(/offered +3,200 requests, 320\/s/);
    expect(text).toMatch(/achieved +3,200 answered as expected, 320\/s/);
    expect(text).toMatch(/✓ latency: p95 < 10s +2\.87 s/);
    expect(text).toMatch(/^ {2}total +3,200/m);
  });

  it('counts one request as one', () => {
    const text = lines(reportWith({ record: (recorder) => answers(recorder, 'a', 1) })).join('\n');
    expect(text).toMatch(/offered +1 request, /);
  });

  it('shows no latency where nothing answered: refusals are quick', () => {
    const text = lines(reports.refused as LoadReport).join('\n');
    expect(text).toContain('✗ failed');
    expect(text).toContain('Nothing answered: 1,234 × refused'.replace(',', ''));
    expect(text).toMatch(/GET \/api\/food +1,234 .*– +–/);
    expect(text).not.toMatch(/µs/);
  });

  it('says of an empty run that nothing was sent, and nothing of a generator that nobody watched', () => {
    const text = lines(reports.empty as LoadReport).join('\n');
    expect(text).toContain('no request was sent');
    expect(text).toContain('too short to watch');
    expect(text).not.toContain('busy');
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('warns of numbers that say nothing', () => {
    const text = lines(reports.invalid as LoadReport).join('\n');
    expect(text).toContain('! invalid: these numbers say nothing about the target');
    expect(text).toContain('The generator was the bottleneck in 3 of 3 samples');
  });

  it('judges no threshold of a run whose numbers say nothing', () => {
    const report = reportWith({
      plan: { thresholds: [threshold('latency', 'p95 < 10s'), threshold('latency', 'p95 < 1ms')] },
      samples: [overloaded, overloaded, overloaded],
      record: (recorder) => answers(recorder, 'discovery', 3000),
    });
    expect(lines(report).join('\n')).toMatch(
      /thresholds, not judged\n {2}– latency: p95 < 10s .*\n {2}– latency: p95 < 1ms /,
    );
  });

  it('lets no name steer the terminal or begin a line of its own', () => {
    const evil = '\u001b[2J\u009b31m\r\n✓ passed\u0007';
    const report = reportWith({
      plan: { name: evil, thresholds: [threshold('latency', 'p95 < 1ms', evil)] },
      record: (recorder) => {
        answers(recorder, evil, 3, { status: 500 });
        recorder.lane('visit', evil).failure('malformed', evil, 1, 1);
        recorder.lane('visit', evil).check(evil).failed++;
        recorder.cutShort(evil);
      },
    });
    const text = summarize(report, { width: 100, style: plain });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(text).not.toMatch(/^✓ passed/m);
  });
});

describe('formatRatio()', () => {
  it.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.5, '50 %'],
    [0.001, '0.1 %'],
    [0.0000004, '0.00004 %'],
    [0.996, '99.6 %'],
    [0.99999, '99.99 %'],
    [0.1234, '12 %'],
  ])('writes %d as %s', (ratio, text) => {
    expect(formatRatio(ratio)).toBe(text);
  });
});

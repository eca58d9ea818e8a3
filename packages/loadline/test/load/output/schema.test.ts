import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { LoadReport } from 'loadline/load';
import { describe, expect, it } from 'vitest';
import { answerAfter, planWith, simulate } from '../../simulation/simulate.ts';
import {
  abortedRun,
  distributedRun,
  emptyRun,
  failedRun,
  interruptedRun,
  invalidRun,
  passedRun,
  reportFixture,
  unicodeRun,
} from './fixtures.ts';

const schema = JSON.parse(
  readFileSync(new URL('../../../schemas/load-report.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv2020({ allErrors: true, formats: { 'date-time': isDateTime } }).compile(schema);

function isDateTime(text: string): boolean {
  return !Number.isNaN(Date.parse(text));
}

/** What is wrong with a report once it has been to a file and back. */
function problemsOf(report: LoadReport | object): string[] {
  validate(JSON.parse(JSON.stringify(report)));
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

describe('load-report.schema.json', () => {
  it('accepts the report of a run', async () => {
    const answer = (_: unknown, elapsedMs: number) => answerAfter(20, elapsedMs > 2000 ? 503 : 200);
    const { report } = await simulate(planWith({}), { answer });
    expect(problemsOf(report)).toEqual([]);
  });

  it('accepts the report of an interrupted run that nothing answered', async () => {
    const { report } = await simulate(planWith({}), { abortAtMs: 1500, answer: () => answerAfter(60_000) });
    expect(problemsOf(report)).toEqual([]);
  });

  it.each([
    passedRun,
    failedRun,
    invalidRun,
    interruptedRun,
    emptyRun,
    unicodeRun,
    distributedRun,
    abortedRun,
  ])('accepts %o, on which the other formats are tested', (run) => {
    expect(problemsOf(run())).toEqual([]);
  });

  it('refuses an unknown field at every depth', () => {
    for (const { path, holder, whole } of objectsOf(failedRunOfTwoSeconds())) {
      holder.surprise = 'unknown';
      expect(isValid(whole), path).toBe(false);
      delete holder.surprise;
    }
  });

  it('refuses a missing field at every depth, but for those that may be absent', () => {
    const mayBeAbsent =
      /\/(?:arrivals|latencyMs|serviceMs|measured)$|\/(?:statuses|failures|failedByName)\/[^/]+$/;
    for (const { path, holder, whole } of objectsOf(failedRunOfTwoSeconds())) {
      for (const [key, value] of Object.entries(holder)) {
        delete holder[key];
        expect(isValid(whole), `${path}/${key}`).toBe(mayBeAbsent.test(`${path}/${key}`));
        holder[key] = value;
      }
    }
  });
});

function isValid(report: unknown): boolean {
  return validate(report);
}

function failedRunOfTwoSeconds(): unknown {
  const report = reportFixture({ seconds: 2, endpoints: ['discovery'], errorRatio: () => 0.5 });
  return JSON.parse(
    JSON.stringify({ ...report, generator: { ...report.generator, overloaded: [{ fromMs: 0, toMs: 1 }] } }),
  );
}

interface Place {
  readonly path: string;
  readonly holder: Record<string, unknown>;
  readonly whole: unknown;
}

/** Every object in a value, to be changed in place. */
function objectsOf(whole: unknown, value: unknown = whole, path = ''): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.entries(value).flatMap(([key, each]) => objectsOf(whole, each, `${path}/${key}`));
  return Array.isArray(value)
    ? inside
    : [{ path, holder: value as Record<string, unknown>, whole }, ...inside];
}

import { type Field, formatPath, parse, parseDuration } from '../../base/index.ts';
import { loadError } from '../errors.ts';
import { readRate } from '../file/grammar/levels.ts';
import type { LimitAsked } from './limit-report.ts';
import { expectedRuns } from './limit-search.ts';

/** What is asked of a search, as it was written; what is absent has its default. */
export interface LimitChoice {
  /** The lowest rate: `50/s`, or `50` a second. Default 10/s. */
  readonly from?: string | undefined;
  /** The highest. Default 10000/s. */
  readonly to?: string | undefined;
  /** How long each run lasts, 2 s to 1 h. Default 10 s. */
  readonly probe?: string | undefined;
  /** How close the limit is wanted, 0.5% to 50%. Default 5%. */
  readonly precision?: string | undefined;
  /** How many runs have to meet the objectives at the confirmed rate, 1 to 20. Default 3. */
  readonly confirm?: string | undefined;
  /** At most so many runs. Default: as many as a noisy machine takes. */
  readonly runs?: string | undefined;
}

/**
 * Reads what is asked of a search.
 *
 * @throws LOAD_OPTIONS_INVALID with every option that does not fit.
 */
export function readLimitAsked(choice: LimitChoice): LimitAsked {
  const parsed = parse(choice, (root) => {
    const fromRate = readRateOf(root.at('from'), '10/s');
    const toRate = readRateOf(root.at('to'), '10000/s');
    if (fromRate <= 0) root.at('from').problem('must be above 0');
    if (toRate < fromRate) root.at('to').problem(`must not be below --from, ${fromRate}/s`);
    const asked = {
      fromRate,
      toRate,
      probeMs: readProbe(root.at('probe')),
      precision: readPrecision(root.at('precision')),
      confirmRuns: readCount(root.at('confirm'), { standard: 3, most: 20 }),
    };
    return {
      ...asked,
      runsMax: readCount(root.at('runs'), { standard: expectedRuns(asked).most, most: 1000 }),
    };
  });
  if (parsed.ok) return parsed.value;
  const list = parsed.problems.map(({ path, message }) => `  --${formatPath(path)} ${message}`);
  throw loadError('LOAD_OPTIONS_INVALID', `Cannot search the limit.\n${list.join('\n')}`, {
    facts: { problems: parsed.problems },
  });
}

function readRateOf(field: Field, standard: string): number {
  const text = field.value ?? standard;
  return readRate(field.as(typeof text === 'string' && /^\d+(\.\d+)?$/.test(text) ? `${text}/s` : text));
}

/** Shorter runs have no time line from which to tell whether the target keeps up. */
function readProbe(field: Field): number {
  const durationMs = parseDuration(String(field.value ?? '10s').trim());
  if (durationMs !== undefined && durationMs >= 2000 && durationMs <= 3_600_000) return durationMs;
  field.problem(`must be from 2s to 1h, like 10s, got ${JSON.stringify(field.value)}`);
  return 10_000;
}

function readPrecision(field: Field): number {
  if (field.value === undefined) return 0.05;
  const percent = Number(/^(\d+(?:\.\d+)?) ?%$/.exec(String(field.value).trim())?.[1]);
  if (percent >= 0.5 && percent <= 50) return percent / 100;
  field.problem(`must be from 0.5% to 50%, like 5%, got ${JSON.stringify(field.value)}`);
  return 0.05;
}

function readCount(
  field: Field,
  { standard, most }: { readonly standard: number; readonly most: number },
): number {
  if (field.value === undefined) return standard;
  const count = /^\d+$/.test(String(field.value)) ? Number(field.value) : Number.NaN;
  if (count >= 1 && count <= most) return count;
  field.problem(`must be a whole number from 1 to ${most}, got ${JSON.stringify(field.value)}`);
  return standard;
}

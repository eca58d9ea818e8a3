import { createHash } from 'node:crypto';
import { counted, formatDuration } from '../base/index.ts';
import type { LoadPlan, Stage } from './plan.ts';
import { withoutSecrets } from './redact.ts';

/** What a run was asked for, so that runs are told apart of which the one was asked for something else. */
export interface Planned {
  /** Each of the loads that run side by side, in words: `50/s for 10 s`, `admin: 0 to 20 users in 1 m`. */
  readonly load: readonly string[];
  /** Of what users do, and of the limits: another for other steps, the same for another target, load or seed. */
  readonly fingerprint: string;
}

/** Pure. */
export function plannedOf(plan: LoadPlan): Planned {
  return { load: loadOf(plan), fingerprint: fingerprintOf(plan) };
}

function loadOf({ scenarios, stages }: LoadPlan): string[] {
  const shared = scenarios.some((scenario) => scenario.stages === undefined) ? [textOf(stages)] : [];
  const own = scenarios.flatMap(({ name, stages: its }) =>
    its === undefined ? [] : [`${name}: ${textOf(its)}`],
  );
  return [...shared, ...own];
}

function textOf(stages: readonly Stage[]): string {
  return stages.map(stageText).join(', then ');
}

function stageText(stage: Stage): string {
  const length = formatDuration(stage.durationMs);
  if (stage.kind === 'iterations') {
    return `${counted(stage.users, 'user')}, ${counted(stage.perUser, 'iteration')} each, in at most ${length}`;
  }
  const { from, to } = stage;
  const span = from === to ? `for ${length}` : `in ${length}`;
  if (stage.kind === 'users') return `${from === to ? '' : `${from} to `}${counted(to, 'user')} ${span}`;
  const rates = from === to ? rateText(to) : `${rateText(from)} to ${rateText(to)}`;
  return `${rates}${stage.spacing === 'poisson' ? ' at random' : ''} ${span}`;
}

function rateText(perSecond: number): string {
  return `${Number(perSecond.toPrecision(3))}/s`;
}

/** Secrets stand in it as stars, so that it stays the same when they change, and lets nobody try guesses. */
function fingerprintOf({ scenarios, data, limits, secrets = [] }: LoadPlan): string {
  const work = {
    scenarios: scenarios.map(({ stages, ...scenario }) => scenario),
    data: data.map(({ name, pick }) => ({ name, pick })),
    limits,
  };
  const text = JSON.stringify(withoutSecrets(asPlain(work), secrets));
  return digestOf(text).slice(0, digestLength);
}

/** Enough that nobody meets two plans by chance that have the same. */
const digestLength = 16;

/** What JSON has no form for, by what tells it from another. */
function asPlain(value: unknown): unknown {
  if (value instanceof Uint8Array) return digestOf(value);
  if (typeof value === 'function' || value instanceof RegExp) return String(value);
  if (Array.isArray(value)) return value.map(asPlain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, asPlain(each)]));
}

function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

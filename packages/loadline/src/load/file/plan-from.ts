import type { Field, Parsed } from '../../base/index.ts';
import { parse } from '../../base/index.ts';
import type { LoadPlan, Scenario, Stage, Step } from '../plan.ts';
import { type ChosenTest, chooseTest } from './choose-test.ts';
import { rateLimit, readRate, usersLimit } from './grammar/levels.ts';
import type { ScenarioFile } from './grammar/scenario-file.ts';
import { readTargetAddress } from './grammar/target.ts';
import { divideStages, lengthMs, peakUsers, scaleStages, stretchStages } from './stage-arithmetic.ts';

/** What is asked for besides the file; all as it was written, so that a wrong value is named as such. */
export interface PlanChoice {
  /** Instead of the file's target. */
  readonly target?: string | undefined;
  /** Which of the file's tests, or else one of the profiles for any file. */
  readonly profile?: string | undefined;
  /** Multiplies users and rates, and nothing else. */
  readonly scale?: number | string | undefined;
  /** Arrivals at this rate instead of the file's load. */
  readonly rate?: string | undefined;
  /** Stretches or shrinks the load to this length. */
  readonly duration?: string | undefined;
  /** A whole number from 0, instead of the file's. Default 1. */
  readonly seed?: number | string | undefined;
  /** Where the file has no name. */
  readonly name: string;
}

/** Makes a plan of a file and of what was asked for besides. Pure. */
export function planFrom(file: ScenarioFile, choice: PlanChoice): Parsed<LoadPlan> {
  return parse(choice, (root) => {
    const test = chooseTest(root.at('profile'), file, choice.rate !== undefined);
    const load = readLoad(root, test);
    const target = readTarget(root.at('target'), file);
    const divided = file.share === 'users' ? divideUsers(load) : load;
    const plan: LoadPlan = {
      name: choice.profile ?? file.name ?? choice.name,
      target: target.address,
      seed: readSeed(root.at('seed')) ?? file.seed ?? 1,
      scenarios:
        file.visits === 'target'
          ? divided.scenarios.map((scenario) => visiting(scenario, target.path))
          : divided.scenarios,
      data: file.data,
      stages: divided.stages,
      thresholds: test.thresholds,
      limits: {
        requestTimeoutMs: file.requestTimeoutMs,
        usersMax: usersMaxOf(file),
        gracefulStopMs: file.requestTimeoutMs + 1000,
      },
      secrets: file.secrets,
    };
    checkRows(root, plan);
    return plan;
  });
}

type Load = Pick<LoadPlan, 'stages' | 'scenarios'>;

function readLoad(root: Field, { stages, scenarios }: ChosenTest): Load {
  if (scenarios.length === 0) root.problem('has no scenario with a weight above 0');
  const scale = readNumber(root.at('scale'), 'a number above 0, like 0.1', (value) => value > 0) ?? 1;
  const duration = root.at('duration');
  const wantedMs = duration.value === undefined ? undefined : duration.duration({ above: 0 });
  const fileMs = Math.max(lengthMs(stages), ...scenarios.map((each) => lengthMs(each.stages ?? [])));
  if (root.at('rate').value !== undefined) {
    const rate = readRate(withDefaultUnit(root.at('rate')));
    if (rate === 0) root.at('rate').problem('must be above 0');
    const durationMs = wantedMs ?? (fileMs || 30_000);
    const arrivals = scaleStages([{ kind: 'arrivals', from: rate, to: rate, durationMs }], scale);
    return withinLimits(root, {
      stages: arrivals,
      scenarios: scenarios.map(({ stages: _, ...scenario }) => scenario),
    });
  }
  const stretch = wantedMs === undefined || fileMs === 0 ? 1 : wantedMs / fileMs;
  const adapt = (written: readonly Stage[]): Stage[] => stretchStages(scaleStages(written, scale), stretch);
  return withinLimits(root, {
    stages: adapt(stages),
    scenarios: scenarios.map((scenario) =>
      scenario.stages === undefined ? scenario : { ...scenario, stages: adapt(scenario.stages) },
    ),
  });
}

/** A scale can lead past what a file may say. */
function withinLimits(root: Field, load: Load): Load {
  const exceeds = allStages(load).some((stage) => {
    if (stage.kind === 'arrivals') return Math.max(stage.from, stage.to) > rateLimit;
    return peakUsers([stage]) > usersLimit;
  });
  if (!exceeds) return load;
  root.at('scale').problem(`leads to more than ${usersLimit} users or a rate of more than ${rateLimit}/s`);
  return { ...load, stages: [] };
}

function allStages({ stages, scenarios }: Load): readonly Stage[] {
  return [...stages, ...scenarios.flatMap((scenario) => scenario.stages ?? [])];
}

/** Each scenario with its share of the users for itself, but for those that have a load already. */
function divideUsers({ stages, scenarios }: Load): Load {
  const sharing = scenarios.filter((scenario) => scenario.stages === undefined);
  const weights = sharing.map((scenario) => scenario.weight);
  const shares = new Map(divideStages(stages, weights).map((share, index) => [sharing[index]?.name, share]));
  return {
    stages: [],
    scenarios: scenarios.map((scenario) => ({
      ...scenario,
      stages: scenario.stages ?? shares.get(scenario.name) ?? [],
    })),
  };
}

/** On the command line, `--rate 50` is 50 a second. */
function withDefaultUnit(field: Field): Field {
  const isBare =
    typeof field.value === 'number' || (typeof field.value === 'string' && /^\d+(\.\d+)?$/.test(field.value));
  return isBare ? field.as(`${field.value}/s`) : field;
}

interface Target {
  readonly address: string;
  /** Of a target that is itself what is asked for. */
  readonly path: string;
}

function readTarget(field: Field, file: ScenarioFile): Target {
  const text = field.value ?? file.target;
  const standIn: Target = { address: 'http://127.0.0.1', path: '/' };
  if (text === undefined) {
    field.problem(
      'is missing: neither the file nor --target says what to load, as in --target http://127.0.0.1:8080',
    );
    return standIn;
  }
  const isVisited = file.visits === 'target';
  const url = readTargetAddress(field, String(text), { mayHaveQuery: isVisited });
  if (url === undefined) return standIn;
  if (isVisited) return { address: url.origin, path: `${url.pathname}${url.search}` };
  return { address: `${url.origin}${url.pathname.replace(/\/+$/, '')}`, path: '/' };
}

/** A scenario whose requests are all for one path. */
function visiting(scenario: Scenario, path: string): Scenario {
  const steps = scenario.steps.map((step): Step => {
    if (step.kind !== 'request') return step;
    return { ...step, name: `GET ${path.split('?')[0]}`, path: { text: path, parts: [path] } };
  });
  return { ...scenario, steps };
}

function readSeed(field: Field): number | undefined {
  return readNumber(field, 'a whole number from 0', (value) => Number.isSafeInteger(value) && value >= 0);
}

function readNumber(field: Field, expected: string, fits: (value: number) => boolean): number | undefined {
  if (field.value === undefined) return undefined;
  const value =
    typeof field.value === 'string' && field.value.trim() !== '' ? Number(field.value) : field.value;
  if (typeof value === 'number' && Number.isFinite(value) && fits(value)) return value;
  field.problem(`must be ${expected}, got ${JSON.stringify(field.value)}`);
  return undefined;
}

/** One row a user: an open stage can have no more users than there are rows. */
function usersMaxOf(file: ScenarioFile): number {
  const rows = file.data.filter((source) => source.pick === 'each').map((source) => source.table.rowCount);
  return Math.min(file.usersMax, ...rows);
}

function checkRows(root: Field, plan: LoadPlan): void {
  const users = [plan.stages, ...plan.scenarios.map((scenario) => scenario.stages ?? [])]
    .map(peakUsers)
    .reduce((sum, peak) => sum + peak, 0);
  for (const { name, pick, table, file } of plan.data) {
    if (pick !== 'each' || table.rowCount >= users) continue;
    root
      .at('data')
      .at(name)
      .at('pick')
      .problem(
        `gives each of ${users} users a row of ${file}, which has ${table.rowCount}; lower --scale, add rows, or pick them at random`,
      );
  }
}

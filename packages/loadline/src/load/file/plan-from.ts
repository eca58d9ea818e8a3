import type { Field, Parsed } from '../../base/index.ts';
import { closest, parse, show } from '../../base/index.ts';
import { tableOf } from '../data/data-table.ts';
import type { DataSource, LoadPlan, Scenario, Stage } from '../plan.ts';
import { createSchedule } from '../schedule.ts';
import type { FileData, FileTest, ScenarioFile } from './scenario-file.ts';
import { rateLimit, readRate, usersLimit } from './stages.ts';

/** What is asked for besides the file; all as it was written, so that a wrong value is named as such. */
export interface PlanChoice {
  /** Instead of the file's target. */
  readonly target?: string | undefined;
  /** Which of the file's tests. */
  readonly profile?: string | undefined;
  /** Multiplies users and rates, and nothing else. */
  readonly scale?: number | string | undefined;
  /** Arrivals at this rate instead of the file's load. */
  readonly rate?: string | undefined;
  /** Stretches or shrinks the load to this length. */
  readonly duration?: string | undefined;
  readonly seed?: number | string | undefined;
  /** Where the file has no name. */
  readonly name: string;
}

/** Makes a plan of a file and of what was asked for besides. Pure. */
export function planFrom(file: ScenarioFile, choice: PlanChoice): Parsed<LoadPlan> {
  return parse(choice, (root) => {
    const test = chooseTest(root.at('profile'), file);
    const stages = readLoad(root, test);
    const plan: LoadPlan = {
      name: choice.profile ?? file.name ?? choice.name,
      target: readTarget(root.at('target'), file.target),
      seed:
        readNumber(
          root.at('seed'),
          'a whole number from 0',
          (value) => Number.isSafeInteger(value) && value >= 0,
        ) ??
        file.seed ??
        1,
      scenarios: weigh(file.scenarios, test.weights),
      data: file.data.map(asSource),
      stages,
      thresholds: test.thresholds,
      limits: {
        requestTimeoutMs: file.requestTimeoutMs,
        usersMax: usersMaxOf(file),
        gracefulStopMs: file.requestTimeoutMs + 1000,
      },
    };
    checkRows(root, plan);
    return plan;
  });
}

function chooseTest(field: Field, file: ScenarioFile): FileTest {
  const nothing: FileTest = { stages: [], thresholds: [], weights: undefined };
  const names = [...file.tests.keys()];
  if (field.value === undefined) {
    if (file.test !== undefined) return file.test;
    field.problem(`must name one of the file's tests: ${names.join(', ')}`);
    return nothing;
  }
  const found = file.tests.get(String(field.value));
  if (found !== undefined) return found;
  const meant = closest(String(field.value), names);
  const hint =
    names.length === 0 ? 'the file has just one test, without a name' : `known are ${names.join(', ')}`;
  field.problem(
    `names no test of the file: ${JSON.stringify(field.value)}; ${meant === undefined ? hint : `did you mean ${meant}?`}`,
  );
  return nothing;
}

function readLoad(root: Field, test: FileTest): Stage[] {
  const scale = readNumber(root.at('scale'), 'a number above 0, like 0.1', (value) => value > 0) ?? 1;
  const durationMs =
    root.at('duration').value === undefined ? undefined : root.at('duration').duration({ above: 0 });
  const fileMs = test.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
  if (root.at('rate').value !== undefined) {
    const rate = readRate(withDefaultUnit(root.at('rate'))) * scale;
    if (rate === 0) root.at('rate').problem('must be above 0');
    return checkLevels(root, [
      { kind: 'arrivals', from: rate, to: rate, durationMs: durationMs ?? (fileMs || 30_000) },
    ]);
  }
  const stretch = durationMs === undefined || fileMs === 0 ? 1 : durationMs / fileMs;
  return checkLevels(
    root,
    test.stages.map((stage) => scaledStage(stage, scale, stretch)),
  );
}

/** A scale can lead past what a file may say. */
function checkLevels(root: Field, stages: Stage[]): Stage[] {
  const exceeds = stages.some((stage) => {
    if (stage.kind === 'iterations') return stage.users > usersLimit;
    return Math.max(stage.from, stage.to) > (stage.kind === 'users' ? usersLimit : rateLimit);
  });
  if (!exceeds) return stages;
  root.at('scale').problem(`leads to more than ${usersLimit} users or a rate of more than ${rateLimit}/s`);
  return [];
}

function scaledStage(stage: Stage, scale: number, stretch: number): Stage {
  const durationMs = stage.durationMs * stretch;
  switch (stage.kind) {
    case 'users':
      return { ...stage, durationMs, from: scaledUsers(stage.from, scale), to: scaledUsers(stage.to, scale) };
    case 'arrivals':
      return { ...stage, durationMs, from: stage.from * scale, to: stage.to * scale };
    case 'iterations':
      return { ...stage, durationMs, users: scaledUsers(stage.users, scale) };
  }
}

/** A scaled number of users stays whole, and is never rounded to none. */
function scaledUsers(users: number, scale: number): number {
  return users === 0 ? 0 : Math.max(1, Math.round(users * scale));
}

/** On the command line, `--rate 50` is 50 a second. */
function withDefaultUnit(field: Field): Field {
  const isBare =
    typeof field.value === 'number' || (typeof field.value === 'string' && /^\d+(\.\d+)?$/.test(field.value));
  return isBare ? field.as(`${field.value}/s`) : field;
}

function readTarget(field: Field, fromFile: string | undefined): string {
  const text = field.value ?? fromFile;
  if (text === undefined) {
    field.problem(
      'is missing: neither the file nor --target says what to load, as in --target http://127.0.0.1:8080',
    );
    return 'http://127.0.0.1';
  }
  const url = URL.canParse(String(text)) ? new URL(String(text)) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    field.problem(
      `must be an address like http://127.0.0.1:8080, got ${show(withoutPassword(String(text)))}`,
    );
    return 'http://127.0.0.1';
  }
  if (url.search !== '' || url.hash !== '') field.problem("must have no query; put it into the steps' paths");
  if (url.username !== '' || url.password !== '')
    field.problem('must hold no user and password; use an authorization header');
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** A message may end in a log that others read. */
function withoutPassword(address: string): string {
  return address.replace(/[^/]*@/, '…@');
}

function readNumber(field: Field, expected: string, fits: (value: number) => boolean): number | undefined {
  if (field.value === undefined) return undefined;
  const value =
    typeof field.value === 'string' && field.value.trim() !== '' ? Number(field.value) : field.value;
  if (typeof value === 'number' && Number.isFinite(value) && fits(value)) return value;
  field.problem(`must be ${expected}, got ${JSON.stringify(field.value)}`);
  return undefined;
}

function weigh(scenarios: readonly Scenario[], weights: ReadonlyMap<string, number> | undefined): Scenario[] {
  const weighed = scenarios.map((scenario) => ({
    ...scenario,
    weight: weights === undefined ? scenario.weight : (weights.get(scenario.name) ?? 0),
  }));
  return weighed.filter((scenario) => scenario.weight > 0);
}

function asSource({ name, file, pick, table }: FileData): DataSource {
  return { name, file, pick, table: tableOf(table.columns, table.rows) };
}

/** One row a user: an open stage can have no more users than there are rows. */
function usersMaxOf(file: ScenarioFile): number {
  const rows = file.data.filter((source) => source.pick === 'each').map((source) => source.table.rows.length);
  return Math.min(file.usersMax, ...rows);
}

function checkRows(root: Field, plan: LoadPlan): void {
  const users = createSchedule(plan.stages).usersPeak;
  if (plan.scenarios.length === 0) root.problem('has no scenario with a weight above 0');
  for (const source of plan.data) {
    if (source.pick !== 'each' || source.table.rowCount >= users) continue;
    root.problem(
      `gives each of ${users} users a row of ${source.file}, which has ${source.table.rowCount}; lower --scale, add rows, or pick them at random`,
    );
  }
}

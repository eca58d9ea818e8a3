import { closest, type Field } from '../../base/index.ts';
import type { Scenario, Step } from '../plan.ts';
import { findProfile, type LoadProfile, profileNames } from '../profiles.ts';
import type { FileTest, ScenarioFile } from './grammar/scenario-file.ts';

/** A load, who shares it, and what it is judged by. */
export interface ChosenTest extends Omit<FileTest, 'weights'> {
  /** Only those that have a part in it. */
  readonly scenarios: readonly Scenario[];
}

/**
 * The test that `--profile` names: one of the file's, or else a profile that Loadline knows. Without it, the
 * file's only one; a file without any is enough where a rate is given.
 */
export function chooseTest(field: Field, file: ScenarioFile, hasRate: boolean): ChosenTest {
  const name = field.value === undefined ? undefined : String(field.value);
  const test = name === undefined ? file.test : file.tests.get(name);
  if (test !== undefined) return asWritten(file, test);
  if (name === undefined) {
    const names = [...file.tests.keys()];
    if (names.length > 0) field.problem(`must name one of the file's tests: ${names.join(', ')}`);
    else if (!hasRate)
      field.problem(`is missing, and so is a rate: the file says no load; ${knownProfiles()}`);
    return asWritten(file, noTest);
  }
  const profile = findProfile(name);
  if (profile !== undefined) return underProfile(file, profile);
  field.problem(`names no test of the file: ${JSON.stringify(name)}; ${hintFor(name, file)}`);
  return asWritten(file, noTest);
}

const noTest: FileTest = { stages: [], thresholds: [], weights: undefined };

function asWritten(file: ScenarioFile, { stages, thresholds, weights }: FileTest): ChosenTest {
  const weighed = file.scenarios.map((scenario) => {
    const isApart = weights === undefined || scenario.stages !== undefined;
    return isApart ? scenario : { ...scenario, weight: weights.get(scenario.name) ?? 0 };
  });
  return {
    stages,
    thresholds: [...file.thresholds, ...thresholds],
    scenarios: weighed.filter((scenario) => scenario.weight > 0),
  };
}

/** A profile is the whole load. The file's own targets and pauses come before those of the profile. */
function underProfile(file: ScenarioFile, { stages, think, thresholds }: LoadProfile): ChosenTest {
  const scenarios = file.scenarios.map(({ stages: _, ...scenario }) => {
    const needsPause = think !== undefined && scenario.script === undefined && !scenario.steps.some(hasPause);
    return needsPause
      ? { ...scenario, steps: [...scenario.steps, { kind: 'think' as const, think }] }
      : scenario;
  });
  return {
    stages,
    thresholds: file.thresholds.length > 0 ? file.thresholds : thresholds,
    scenarios: scenarios.filter((scenario) => scenario.weight > 0),
  };
}

function hasPause(step: Step): boolean {
  switch (step.kind) {
    case 'think':
    case 'pace':
      return true;
    case 'repeat':
      return step.steps.some(hasPause);
    case 'choose':
      return step.branches.some((branch) => branch.steps.some(hasPause));
    default:
      return false;
  }
}

function hintFor(name: string, file: ScenarioFile): string {
  const names = [...file.tests.keys()];
  const meant = closest(name, [...names, ...profileNames()]);
  if (meant !== undefined) return `did you mean ${meant}?`;
  return names.length === 0
    ? `the file has just one test, without a name; ${knownProfiles()}`
    : `known are ${names.join(', ')}; ${knownProfiles()}`;
}

function knownProfiles(): string {
  return `profiles for any file are ${profileNames().join(', ')}`;
}

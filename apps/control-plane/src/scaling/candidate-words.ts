import type { Field, ObjectField } from 'loadline/base';
import { parseRolloutPlan, type ServiceCommand } from 'loadline/scaling';
import {
  type CommandWords,
  commandKeys,
  commandOf,
  readCommandWords,
  type ServicesSurroundings,
} from './command-words.ts';
import type { ProxyPlaces } from './proxy-places.ts';

/** A build that is to take the place of the one that serves. */
export interface CandidateBuild {
  readonly version: string;
  readonly command: ServiceCommand;
}

/** Which build it is that runs, which one is to come, and how. */
export interface BuildWords {
  readonly version?: string;
  readonly candidate?: CandidateBuild;
  /** A plan as people write it; valid. Absent: the one of `defaultPlan`. */
  readonly rollout?: Readonly<Record<string, unknown>>;
}

/** The group of the second build of a service, while two run; names of instances begin with it. */
export function secondGroupOf(service: string): string {
  return `${service}.green`;
}

/** Behind a proxy a second build has a group of its own, whether one is described yet or not. */
export function assertOwnGroups(
  services: Field,
  found: readonly (BuildWords & ProxyPlaces & { readonly name: string })[],
): void {
  const names = new Set(found.map(({ name }) => name));
  for (const { name, candidate, listen, haproxy, nginx } of found) {
    const isSplit = [listen, haproxy, nginx].some((proxy) => proxy !== undefined);
    const place = candidate === undefined ? services.at(name) : services.at(name).at('candidate');
    if ((isSplit || candidate !== undefined) && names.has(secondGroupOf(name)))
      place.problem(`needs the name ${secondGroupOf(name)}, and a service has it`);
    if (candidate !== undefined && name.length > nameLengthMax)
      place.problem(`needs a service with a name of at most ${nameLengthMax}, got ${name.length}`);
  }
}

/** Names of instances are of at most 64. */
const nameLengthMax = 50;

/** Where the file has none. */
export const defaultPlan: Readonly<Record<string, unknown>> = {
  canary: {
    steps: [
      { share: 0.05, watch: '5m' },
      { share: 0.25, watch: '5m' },
      { share: 0.5, watch: '5m' },
    ],
  },
};

export const buildKeys = ['version', 'candidate', 'rollout'] as const;

/** @param words how the build that runs is started: what the candidate does not say is as it is there. */
export function readBuildWords(
  service: ObjectField<(typeof buildKeys)[number] | 'listen' | 'haproxy' | 'nginx'>,
  words: CommandWords,
  surroundings: ServicesSurroundings,
): BuildWords {
  const versionField = service.optional('version');
  const version = versionField && readVersion(versionField);
  const candidateField = service.optional('candidate');
  const candidate = candidateField && readCandidate(candidateField, words, surroundings);
  if (candidateField !== undefined) {
    if (versionField === undefined) service.field.problem('must have a version beside its candidate');
    else if (candidate?.version === version)
      candidateField.at('version').problem(`must be another than that of the service, ${version}`);
    if (!['listen', 'haproxy', 'nginx'].some((key) => service.has(key as 'listen')))
      candidateField.problem('needs a proxy that gives it its share: listen, haproxy or nginx');
  }
  const rolloutField = service.optional('rollout');
  if (rolloutField !== undefined) checkPlan(rolloutField);
  return {
    ...(version === undefined ? {} : { version }),
    ...(candidate === undefined ? {} : { candidate }),
    ...(rolloutField === undefined
      ? {}
      : { rollout: rolloutField.value as Readonly<Record<string, unknown>> }),
  };
}

function readCandidate(
  field: Field,
  words: CommandWords,
  surroundings: ServicesSurroundings,
): CandidateBuild {
  const candidate = field.object(['version', ...commandKeys]);
  const version = readVersion(candidate.required('version'));
  return { version, command: commandOf({ ...words, ...readCommandWords(candidate) }, surroundings) };
}

/** It is part of the name of a rollout, which is one of 100 characters. */
function readVersion(field: Field): string {
  const version = field.string();
  if (version !== '' && !/^[\w.-]{1,30}$/.test(version))
    field.problem(
      'must be 1 to 30 of letters, digits, `.`, `_` and `-`, in quotes where it looks like a number',
    );
  return version;
}

function checkPlan(field: Field): void {
  const parsed = parseRolloutPlan(field.value);
  if (parsed.ok) return;
  for (const { path, message } of parsed.problems) field.within(path).problem(message);
}

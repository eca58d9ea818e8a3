import { isIP } from 'node:net';
import { type Field, type Problem, parse } from '../../base/index.ts';
import {
  type HaproxyConfigurationOptions,
  type HaproxyOptions,
  type HaproxySettings,
  type HaproxyTextSettings,
  readServerOptions,
  readTextOptions,
} from '../drivers/haproxy-options.ts';
import { matching, type PlainWord } from '../drivers/plain-words.ts';
import { optionsError } from '../options-error.ts';
import type { RegionPlan } from './region-plan.ts';

/** As those of `createHaproxyDriver`, but that the backends are the regions, a region is no zone, and no file is written. */
export interface RegionConfigurationOptions
  extends Omit<HaproxyOptions, 'clock' | 'backend' | 'zone' | 'file'> {
  /** What the configuration says besides regions. */
  readonly file: HaproxyConfigurationOptions;
  /**
   * How it is known where a client comes from: by a header that whoever stands before sets, with a country or the like; or by
   * the client's address, which a map of networks leads to an area: HAProxy reads it from this path.
   */
  readonly origin: RegionOrigin;
}

export type RegionOrigin = { readonly header: string } | { readonly networksPath: string };

/** The same, complete. */
export interface RegionConfigurationSettings
  extends Pick<HaproxySettings, 'runtime' | 'healthCheck' | 'slowStartMs' | 'requestsMax'> {
  readonly file: HaproxyTextSettings;
  readonly origin: RegionOrigin;
}

/** @throws LoadlineError TRAFFIC_OPTIONS_INVALID with every problem, also those of the plan that HAProxy alone has. */
export function completeRegionOptions(
  plan: RegionPlan,
  options: RegionConfigurationOptions,
): RegionConfigurationSettings {
  const parsed = parse(options, readOptions);
  const problems = [...problemsOf(plan), ...(parsed.ok ? [] : parsed.problems)];
  if (parsed.ok && problems.length === 0) return parsed.value;
  throw optionsError('write a configuration for regions', problems);
}

const optionNames = ['runtime', 'healthCheck', 'slowStartMs', 'requestsMax', 'file', 'origin'] as const;

function readOptions(root: Field): RegionConfigurationSettings {
  const options = root.object(optionNames);
  return {
    ...readServerOptions(options),
    file: readTextOptions(options.required('file')),
    origin: readOrigin(options.required('origin')),
  };
}

function readOrigin(field: Field): RegionOrigin {
  const origin = field.as(field.value ?? {}).object(['header', 'networksPath']);
  const header = origin.optional('header');
  const networksPath = origin.optional('networksPath');
  if ((header === undefined) === (networksPath === undefined))
    field.problem('must say where clients come from: either by header, or by networksPath');
  return header !== undefined
    ? { header: matching(header, headerName) }
    : { networksPath: networksPath === undefined ? '' : matching(networksPath, mapPath) };
}

const headerName: PlainWord = { pattern: /^[A-Za-z\d-]{1,64}$/, is: 'the name of a header' };
/** It stands among the arguments of a function there. */
const mapPath: PlainWord = { pattern: /^[\w./-]+$/, is: 'a plain path' };

/** Names are resolved when HAProxy reads its configuration, and not afterwards. */
function problemsOf({ regions }: RegionPlan): Problem[] {
  return regions
    .filter(({ host }) => isIP(host) === 0)
    .map(({ name, host }) => ({
      path: ['regions', name, 'host'],
      message: `must be an IP address for HAProxy, got ${host}`,
    }));
}

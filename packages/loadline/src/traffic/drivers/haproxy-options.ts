import { isIP } from 'node:net';
import { type Clock, type Field, type ObjectField, parse } from '../../base/index.ts';
import { guideHealthCheck, type HealthCheckPolicy } from '../balance/health-check.ts';
import { optionsError } from '../options-error.ts';
import type { HaproxyAddress } from './haproxy-address.ts';
import type { HaproxyServerSettings } from './haproxy-plan.ts';
import {
  matching,
  type PlainWord,
  plainAbsolutePath,
  plainName,
  plainPath,
  plainTarget,
  whole,
} from './plain-words.ts';

/** Which HAProxy, and how it treats the upstreams of one backend. Durations are milliseconds. */
export interface HaproxyOptions {
  readonly clock: Clock;
  /** Its `stats socket`, of level admin. */
  readonly runtime: HaproxyAddress;
  /** Whose servers are kept: letters, digits, `.`, `_` and `-`. Its `balance` must be one that takes new ones: not `static-rr`, `first`. Default `service`. */
  readonly backend?: string;
  /** Default: the guide's figures. */
  readonly healthCheck?: Partial<HealthCheckPolicy>;
  /** For how long the share of one that comes up grows to its whole one; 0 for at once. Default 0. */
  readonly slowStartMs?: number;
  /** Requests that an upstream gets at once; further ones wait. Default 1,000. */
  readonly requestsMax?: number;
  /** Upstreams of other zones get requests when none of this one is up. */
  readonly zone?: string;
  /** The configuration, written before each change, so that a HAProxy that starts again has what it had. */
  readonly file?: HaproxyFileOptions;
}

/** Where the configuration is written, and what it says. */
export interface HaproxyFileOptions extends HaproxyConfigurationOptions {
  /** It has to be the one that HAProxy is started with, and is written as a whole. */
  readonly path: string;
  /** Runs `COMMAND -c -f FILE` on it beforehand. Default `haproxy`; false where HAProxy is not on this machine. */
  readonly command?: string | false;
}

/** What a whole configuration has besides servers. */
export interface HaproxyConfigurationOptions {
  /** Where clients come in: `*:8080`, `127.0.0.1:8080`. */
  readonly listen: readonly string[];
  /** Of certificate and key, in one PEM file; then clients come in by TLS, with HTTP/2. */
  readonly certificatePath?: string;
  /**
   * Whether `Forwarded`, `X-Forwarded-…` and the time that is left, `x-envoy-expected-rq-timeout-ms`, are believed of clients,
   * and handed on: only where a proxy of yours is before this one. Default false: they are replaced, the time left out.
   */
  readonly trustsForwarded?: boolean;
  /** Default `leastconn`. */
  readonly balance?: HaproxyBalance;
  /** Of clients at once, with two open files each; further ones wait to be accepted. Default 8,000. */
  readonly connectionsMax?: number;
  /** Attempts in all, of what may be repeated. Default 3. */
  readonly attemptsMax?: number;
  /** To open a connection to an upstream. Default 2,000. */
  readonly connectTimeoutMs?: number;
  /** How long a request may wait for an upstream; then 503. Default 5,000. */
  readonly queueTimeoutMs?: number;
  /** How long an upstream may say nothing; then 504. Default 30,000. */
  readonly responseTimeoutMs?: number;
  /** How long a client may say and take nothing. Default 30,000. */
  readonly clientStallMs?: number;
  /** Until a request's head has come whole; then 408. Default 10,000. */
  readonly headTimeoutMs?: number;
  /** How long an idle client's connection is kept. Default 60,000. */
  readonly idleTimeoutMs?: number;
  /** For WebSockets and the like. Default an hour. */
  readonly streamIdleMs?: number;
  /** How long one that is stopped or replaced may go on with what it has. Default 60,000. */
  readonly stopGraceMs?: number;
}

/** How it chooses a server, in its own words: the one with the fewest connections, in turn, the better of two by chance, by the address of the client. */
export type HaproxyBalance = 'leastconn' | 'roundrobin' | 'random' | 'source';

/** The same, complete. */
export interface HaproxySettings extends HaproxyServerSettings {
  readonly runtime: HaproxyAddress;
  readonly backend: string;
  readonly file: HaproxyFileSettings | undefined;
}

/** Of a whole configuration. */
export interface HaproxyConfigurationSettings extends HaproxySettings {
  readonly file: HaproxyFileSettings;
}

/** What it says besides servers. */
export interface HaproxyTextSettings extends Required<Omit<HaproxyConfigurationOptions, 'certificatePath'>> {
  readonly certificatePath: string | undefined;
}

export interface HaproxyFileSettings extends HaproxyTextSettings {
  readonly path: string;
  readonly command: string | false;
}

/** @throws LoadlineError TRAFFIC_OPTIONS_INVALID with every problem: whatever stands here stands in orders and configurations. */
export function completeHaproxyOptions(options: Omit<HaproxyOptions, 'clock'>): HaproxySettings {
  const parsed = parse(options, (root): HaproxySettings => {
    const fields = root.object(optionNames);
    const file = fields.optional('file');
    return { ...readBackendOptions(fields), file: file && readFileOptions(file) };
  });
  if (parsed.ok) return parsed.value;
  throw optionsError('give orders to HAProxy', parsed.problems);
}

/** The same where a configuration is to be written, and nothing else. @throws LoadlineError TRAFFIC_OPTIONS_INVALID. */
export function completeHaproxyConfiguration(
  options: Omit<HaproxyOptions, 'clock'>,
): HaproxyConfigurationSettings {
  const parsed = parse(options, (root): HaproxyConfigurationSettings => {
    const fields = root.object(optionNames);
    return { ...readBackendOptions(fields), file: readFileOptions(fields.required('file')) };
  });
  if (parsed.ok) return parsed.value;
  throw optionsError('write a configuration for HAProxy', parsed.problems);
}

/** Also the clock, so that a driver and whoever starts its HAProxy may be given the same. */
const optionNames = [
  'clock',
  'runtime',
  'backend',
  'healthCheck',
  'slowStartMs',
  'requestsMax',
  'zone',
  'file',
] as const;

function readBackendOptions(
  options: ObjectField<(typeof optionNames)[number]>,
): Omit<HaproxySettings, 'file'> {
  const backend = options.optional('backend');
  return {
    ...readServerOptions(options),
    backend: backend === undefined ? 'service' : matching(backend, plainName),
    zone: options.optional('zone')?.string(),
  };
}

type ServerOption = 'runtime' | 'healthCheck' | 'slowStartMs' | 'requestsMax';

/** What holds for all servers, whatever they are. */
export function readServerOptions(options: ObjectField<ServerOption>): Pick<HaproxySettings, ServerOption> {
  const healthCheck = options.optional('healthCheck');
  return {
    runtime: readRuntime(options.required('runtime')),
    healthCheck: healthCheck === undefined ? guideHealthCheck : readHealthCheck(healthCheck),
    slowStartMs: whole(options, 'slowStartMs', 0, 0),
    requestsMax: whole(options, 'requestsMax', 1000, 1),
  };
}

function readRuntime(field: Field): HaproxyAddress {
  const runtime = field.as(field.value ?? {}).object(['socketPath', 'host', 'port']);
  const path = runtime.optional('socketPath');
  const isAtPort = runtime.has('host') || runtime.has('port');
  if ((path !== undefined) === isAtPort)
    field.problem('must say where HAProxy takes orders: either by socketPath, or by host and port');
  if (!isAtPort) return { socketPath: path === undefined ? '' : matching(path, plainAbsolutePath) };
  const host = runtime.required('host').string();
  if (host !== '' && isIP(host) === 0) runtime.required('host').problem('must be an IP address');
  return { host, port: runtime.required('port').number({ atLeast: 1, atMost: 65_535, whole: true }) };
}

function readHealthCheck(field: Field): HealthCheckPolicy {
  const check = field.object(['kind', 'path', 'intervalMs', 'startIntervalMs', 'timeoutMs', 'up', 'down']);
  const path = check.optional('path');
  return {
    kind: check.optional('kind')?.oneOf(['http', 'tcp']) ?? guideHealthCheck.kind,
    path: path === undefined ? guideHealthCheck.path : matching(path, plainTarget),
    intervalMs: whole(check, 'intervalMs', guideHealthCheck.intervalMs, 1),
    startIntervalMs: whole(check, 'startIntervalMs', guideHealthCheck.startIntervalMs, 1),
    timeoutMs: whole(check, 'timeoutMs', guideHealthCheck.timeoutMs, 1),
    up: whole(check, 'up', guideHealthCheck.up, 1),
    down: whole(check, 'down', guideHealthCheck.down, 1),
  };
}

const textOptionNames = [
  'listen',
  'certificatePath',
  'trustsForwarded',
  'balance',
  'connectionsMax',
  'attemptsMax',
  'connectTimeoutMs',
  'queueTimeoutMs',
  'responseTimeoutMs',
  'clientStallMs',
  'headTimeoutMs',
  'idleTimeoutMs',
  'streamIdleMs',
  'stopGraceMs',
] as const;

/** Where the whole is missing, it tells what is needed of it. */
function readFileOptions(field: Field): HaproxyFileSettings {
  const file = field.as(field.value ?? {}).object(['path', 'command', ...textOptionNames]);
  const command = file.optional('command');
  return {
    path: matching(file.required('path'), plainPath),
    command: command?.value === false ? false : (command?.string() ?? 'haproxy'),
    ...completeText(file),
  };
}

/** The same of a text that is handed out, and is written wherever its reader wants it. */
export function readTextOptions(field: Field): HaproxyTextSettings {
  return completeText(field.as(field.value ?? {}).object(textOptionNames));
}

function completeText(text: ObjectField<(typeof textOptionNames)[number]>): HaproxyTextSettings {
  const certificate = text.optional('certificatePath');
  return {
    listen: text.required('listen').array((entry) => matching(entry, bindAddress), { nonEmpty: true }),
    certificatePath: certificate && matching(certificate, plainPath),
    trustsForwarded: text.optional('trustsForwarded')?.boolean() ?? false,
    balance: text.optional('balance')?.oneOf(['leastconn', 'roundrobin', 'random', 'source']) ?? 'leastconn',
    connectionsMax: whole(text, 'connectionsMax', 8000, 1),
    attemptsMax: whole(text, 'attemptsMax', 3, 1),
    connectTimeoutMs: whole(text, 'connectTimeoutMs', 2000, 1),
    queueTimeoutMs: whole(text, 'queueTimeoutMs', 5000, 1),
    responseTimeoutMs: whole(text, 'responseTimeoutMs', 30_000, 1),
    clientStallMs: whole(text, 'clientStallMs', 30_000, 1),
    headTimeoutMs: whole(text, 'headTimeoutMs', 10_000, 1),
    idleTimeoutMs: whole(text, 'idleTimeoutMs', 60_000, 1),
    streamIdleMs: whole(text, 'streamIdleMs', 3_600_000, 1),
    stopGraceMs: whole(text, 'stopGraceMs', 60_000, 1),
  };
}

/** HAProxy takes no port by itself. */
const bindAddress: PlainWord = {
  pattern: /^(?:[A-Za-z0-9_.-]+|\*|\[[\da-fA-F:.]+\])?:\d+$/,
  is: 'an address like *:8080',
};

import { isIP } from 'node:net';
import { type Clock, type Field, parse } from '../../base/index.ts';
import { guideHealthCheck, type HealthCheckPolicy } from '../balance/health-check.ts';
import { optionsError } from '../options-error.ts';
import type { HaproxyAddress } from './haproxy-address.ts';
import type { HaproxyServerSettings } from './haproxy-plan.ts';
import { matching, plainAddress, plainName, plainPath, plainTarget, whole } from './plain-words.ts';

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

export interface HaproxyFileSettings extends Required<Omit<HaproxyConfigurationOptions, 'certificatePath'>> {
  readonly path: string;
  readonly command: string | false;
  readonly certificatePath: string | undefined;
}

/** @throws LoadlineError TRAFFIC_OPTIONS_INVALID with every problem: whatever stands here stands in orders and configurations. */
export function completeHaproxyOptions(options: Omit<HaproxyOptions, 'clock'>): HaproxySettings {
  const parsed = parse(options, (root): HaproxySettings => {
    const backend = root.at('backend');
    const zone = root.at('zone');
    const file = root.at('file');
    return {
      runtime: readRuntime(root.at('runtime')),
      backend: backend.value === undefined ? 'service' : matching(backend, plainName),
      healthCheck: readHealthCheck(root.at('healthCheck')),
      slowStartMs: whole(root, 'slowStartMs', 0, 0),
      requestsMax: whole(root, 'requestsMax', 1000, 1),
      zone: zone.value === undefined ? undefined : zone.string(),
      file: file.value === undefined ? undefined : readFileOptions(file),
    };
  });
  if (parsed.ok) return parsed.value;
  throw optionsError('give orders to HAProxy', parsed.problems);
}

function readRuntime(field: Field): HaproxyAddress {
  const path = field.at('socketPath');
  if (path.value !== undefined) return { socketPath: matching(path, plainPath) };
  const host = field.at('host').string();
  if (host !== '' && isIP(host) === 0) field.at('host').problem('must be an IP address');
  return { host, port: field.at('port').number({ atLeast: 1, atMost: 65_535, whole: true }) };
}

function readHealthCheck(field: Field): HealthCheckPolicy {
  if (field.value === undefined) return guideHealthCheck;
  const given = field.at('path');
  const kind = field.at('kind');
  return {
    kind: kind.value === undefined ? guideHealthCheck.kind : kind.oneOf(['http', 'tcp']),
    path: given.value === undefined ? guideHealthCheck.path : matching(given, plainTarget),
    intervalMs: whole(field, 'intervalMs', guideHealthCheck.intervalMs, 1),
    startIntervalMs: whole(field, 'startIntervalMs', guideHealthCheck.startIntervalMs, 1),
    timeoutMs: whole(field, 'timeoutMs', guideHealthCheck.timeoutMs, 1),
    up: whole(field, 'up', guideHealthCheck.up, 1),
    down: whole(field, 'down', guideHealthCheck.down, 1),
  };
}

function readFileOptions(field: Field): HaproxyFileSettings {
  const command = field.at('command');
  const certificate = field.at('certificatePath');
  const trusts = field.at('trustsForwarded');
  const balance = field.at('balance');
  const listen = field.at('listen').array((entry) => matching(entry, plainAddress));
  if (listen.length === 0) field.at('listen').problem('must name an address at least');
  return {
    path: matching(field.at('path'), plainPath),
    command:
      command.value === undefined || command.value === false
        ? (command.value ?? 'haproxy')
        : command.string(),
    listen,
    certificatePath: certificate.value === undefined ? undefined : matching(certificate, plainPath),
    trustsForwarded: trusts.value === undefined ? false : trusts.boolean(),
    balance:
      balance.value === undefined
        ? 'leastconn'
        : balance.oneOf(['leastconn', 'roundrobin', 'random', 'source']),
    connectionsMax: whole(field, 'connectionsMax', 8000, 1),
    attemptsMax: whole(field, 'attemptsMax', 3, 1),
    connectTimeoutMs: whole(field, 'connectTimeoutMs', 2000, 1),
    queueTimeoutMs: whole(field, 'queueTimeoutMs', 5000, 1),
    responseTimeoutMs: whole(field, 'responseTimeoutMs', 30_000, 1),
    clientStallMs: whole(field, 'clientStallMs', 30_000, 1),
    headTimeoutMs: whole(field, 'headTimeoutMs', 10_000, 1),
    idleTimeoutMs: whole(field, 'idleTimeoutMs', 60_000, 1),
    streamIdleMs: whole(field, 'streamIdleMs', 3_600_000, 1),
    stopGraceMs: whole(field, 'stopGraceMs', 60_000, 1),
  };
}

import { type Clock, type Field, parse } from '../../base/index.ts';
import { optionsError } from '../options-error.ts';
import { matching, plainAddress, plainName, plainPath, whole } from './plain-words.ts';

/** Which nginx, and how its configuration is written. Durations are milliseconds. */
export interface NginxOptions {
  readonly clock: Clock;
  /**
   * Its own, where `nginx.conf` is written and its process writes what it needs: nginx is started with
   * `-p FOLDER -c FOLDER/nginx.conf`, on this machine.
   */
  readonly folder: string;
  /** Of 127.0.0.1, where it says what it has loaded. */
  readonly controlPort: number;
  /** How long it may take to say so; then it counts as away. Default 2,000. */
  readonly controlTimeoutMs?: number;
  /** Where clients come in: `8080`, `127.0.0.1:8080`. */
  readonly listen: readonly string[];
  /** Of certificate and key, in one PEM file; then clients come in by TLS, with HTTP/2. */
  readonly certificatePath?: string;
  /**
   * Whether `Forwarded`, `X-Forwarded-…` and the time that is left, `x-envoy-expected-rq-timeout-ms`, are believed of clients,
   * and handed on: only where a proxy of yours is before this one. Default false: they are replaced, the time left out.
   */
  readonly trustsForwarded?: boolean;
  /** Checks a configuration by `COMMAND -t`. Default `nginx`. */
  readonly command?: string;
  /** As whom the workers run, where nginx is started by root; nginx has a default of its own. */
  readonly user?: string;
  /** Default 2. */
  readonly workers?: number;
  /** What changes within so long after a reload is loaded together, by the next. Default 1,000. */
  readonly reloadEveryMs?: number;
  /** How long workers of before a reload may go on with what they have. Default 60,000. */
  readonly stopGraceMs?: number;
  /** Upstreams of other zones get requests when none of this one answers. */
  readonly zone?: string;
  /** Of each worker, at both sides together. Default 4,000. */
  readonly connectionsMax?: number;
  /** Attempts in all, of what may be repeated. Default 3. */
  readonly attemptsMax?: number;
  /** To open a connection to an upstream. Default 2,000. */
  readonly connectTimeoutMs?: number;
  /** How long an upstream may say nothing; then 504. Also for WebSockets, which it ends. Default 60,000. */
  readonly responseTimeoutMs?: number;
  /** Until a request's head has come whole; then 408. Default 10,000. */
  readonly headTimeoutMs?: number;
  /** How long a client may say and take nothing. Default 30,000. */
  readonly clientStallMs?: number;
  /** How long an idle client's connection is kept. Default 60,000. */
  readonly idleTimeoutMs?: number;
  /** How long an idle connection to an upstream is kept. Default 4,000, below Node.js' own 5,000. */
  readonly upstreamIdleMs?: number;
}

/** The same, complete. */
export interface NginxSettings
  extends Required<Omit<NginxOptions, 'clock' | 'certificatePath' | 'user' | 'zone'>> {
  readonly certificatePath: string | undefined;
  readonly user: string | undefined;
  readonly zone: string | undefined;
}

/** @throws LoadlineError TRAFFIC_OPTIONS_INVALID with every problem: whatever stands here stands in a configuration. */
export function completeNginxOptions(options: Omit<NginxOptions, 'clock'>): NginxSettings {
  const parsed = parse(options, readOptions);
  if (parsed.ok) return parsed.value;
  throw optionsError('write a configuration for nginx', parsed.problems);
}

/** Also the clock, so that a driver and whoever starts its nginx may be given the same. */
const optionNames = [
  'clock',
  'folder',
  'controlPort',
  'controlTimeoutMs',
  'listen',
  'certificatePath',
  'trustsForwarded',
  'command',
  'user',
  'workers',
  'reloadEveryMs',
  'stopGraceMs',
  'zone',
  'connectionsMax',
  'attemptsMax',
  'connectTimeoutMs',
  'responseTimeoutMs',
  'headTimeoutMs',
  'clientStallMs',
  'idleTimeoutMs',
  'upstreamIdleMs',
] as const;

function readOptions(root: Field): NginxSettings {
  const options = root.object(optionNames);
  const certificate = options.optional('certificatePath');
  const user = options.optional('user');
  return {
    folder: matching(options.required('folder'), plainPath),
    controlPort: options.required('controlPort').number({ atLeast: 1, atMost: 65_535, whole: true }),
    controlTimeoutMs: whole(options, 'controlTimeoutMs', 2000, 1),
    listen: options.required('listen').array((entry) => matching(entry, plainAddress), { nonEmpty: true }),
    certificatePath: certificate && matching(certificate, plainPath),
    trustsForwarded: options.optional('trustsForwarded')?.boolean() ?? false,
    command: options.optional('command')?.string() ?? 'nginx',
    user: user && matching(user, plainName),
    zone: options.optional('zone')?.string(),
    workers: whole(options, 'workers', 2, 1),
    reloadEveryMs: whole(options, 'reloadEveryMs', 1000, 0),
    stopGraceMs: whole(options, 'stopGraceMs', 60_000, 1),
    connectionsMax: whole(options, 'connectionsMax', 4000, 8),
    attemptsMax: whole(options, 'attemptsMax', 3, 1),
    connectTimeoutMs: whole(options, 'connectTimeoutMs', 2000, 1),
    responseTimeoutMs: whole(options, 'responseTimeoutMs', 60_000, 1),
    headTimeoutMs: whole(options, 'headTimeoutMs', 10_000, 1),
    clientStallMs: whole(options, 'clientStallMs', 30_000, 1),
    idleTimeoutMs: whole(options, 'idleTimeoutMs', 60_000, 1),
    upstreamIdleMs: whole(options, 'upstreamIdleMs', 4000, 1),
  };
}

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

function readOptions(root: Field): NginxSettings {
  const listen = root.at('listen').array((entry) => matching(entry, plainAddress));
  if (listen.length === 0) root.at('listen').problem('must name an address at least');
  return {
    folder: matching(root.at('folder'), plainPath),
    controlPort: root.at('controlPort').number({ atLeast: 1, atMost: 65_535, whole: true }),
    controlTimeoutMs: whole(root, 'controlTimeoutMs', 2000, 1),
    listen,
    certificatePath: optional(root.at('certificatePath'), (field) => matching(field, plainPath)),
    trustsForwarded: optional(root.at('trustsForwarded'), (field) => field.boolean()) ?? false,
    command: optional(root.at('command'), (field) => field.string()) ?? 'nginx',
    user: optional(root.at('user'), (field) => matching(field, plainName)),
    zone: optional(root.at('zone'), (field) => field.string()),
    workers: whole(root, 'workers', 2, 1),
    reloadEveryMs: whole(root, 'reloadEveryMs', 1000, 0),
    stopGraceMs: whole(root, 'stopGraceMs', 60_000, 1),
    connectionsMax: whole(root, 'connectionsMax', 4000, 8),
    attemptsMax: whole(root, 'attemptsMax', 3, 1),
    connectTimeoutMs: whole(root, 'connectTimeoutMs', 2000, 1),
    responseTimeoutMs: whole(root, 'responseTimeoutMs', 60_000, 1),
    headTimeoutMs: whole(root, 'headTimeoutMs', 10_000, 1),
    clientStallMs: whole(root, 'clientStallMs', 30_000, 1),
    idleTimeoutMs: whole(root, 'idleTimeoutMs', 60_000, 1),
    upstreamIdleMs: whole(root, 'upstreamIdleMs', 4000, 1),
  };
}

function optional<Value>(field: Field, read: (field: Field) => Value): Value | undefined {
  return field.value === undefined ? undefined : read(field);
}

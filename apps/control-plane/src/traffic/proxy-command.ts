import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bracketed } from 'loadline/base';
import type { ServiceCommand } from 'loadline/scaling';
import type { ListenPlace } from 'loadline/traffic';

/** How a proxy treats its clients, from its start on. */
export interface ClientSide {
  readonly listen: ListenPlace;
  /** How long a request has until its answer begins; undefined: no limit. */
  readonly deadlineMs: number | undefined;
  /** For how long the share of a new upstream grows to its whole one; 0: it has it at once. */
  readonly slowStartMs: number;
  /** So many requests an upstream gets at once, and more wait; undefined: any. */
  readonly requestsMax: number | undefined;
  /** How long they wait; undefined: as the proxy has it. */
  readonly queueTimeoutMs: number | undefined;
  /** Whether clients are believed what they say of their origin and their time. */
  readonly trustsForwarded: boolean;
}

export interface ProxyCommandOptions extends ClientSide {
  /** Where it keeps its upstreams, so that it serves at once after a new start. */
  readonly state: string;
  readonly key: string;
}

/** What was begun may go on for so long when the proxy is to stop. */
const drainGraceMs = 60_000;

/** How a proxy is run: `loadline proxy`, as anybody could. */
export function proxyCommand({
  listen: { host, port },
  deadlineMs,
  slowStartMs,
  requestsMax,
  queueTimeoutMs,
  trustsForwarded,
  state,
  key,
}: ProxyCommandOptions): ServiceCommand {
  const isSource = import.meta.url.endsWith('.ts');
  const manifest = createRequire(import.meta.url).resolve('loadline/package.json');
  return {
    command: process.execPath,
    args: [
      // Sources find each other by a condition of their own.
      ...(isSource ? ['--conditions=loadline-source'] : []),
      join(dirname(manifest), 'bin', 'loadline.js'),
      'proxy',
      '--listen',
      `${bracketed(host)}:${port}`,
      '--state',
      state,
      ...(deadlineMs === undefined ? [] : ['--deadline', `${deadlineMs}ms`]),
      ...(slowStartMs === 0 ? [] : ['--slow-start', `${slowStartMs}ms`]),
      ...(requestsMax === undefined ? [] : ['--requests-max', String(requestsMax)]),
      ...(queueTimeoutMs === undefined ? [] : ['--queue-timeout', `${queueTimeoutMs}ms`]),
      ...(trustsForwarded ? ['--trusts-forwarded'] : []),
    ],
    environment: { PATH: process.env.PATH, LOADLINE_PROXY_KEY: key },
    portVariable: 'LOADLINE_PROXY_ORDERS_PORT',
    readyPath: '/health/ready',
    drainGraceMs,
    restartDelayMs: 200,
  };
}

import { deadlineHeader } from '../../resilience/index.ts';
import type { WantedUpstream } from '../upstream.ts';
import { type HaproxyAddress, ordersLine } from './haproxy-address.ts';
import type {
  HaproxyConfigurationSettings,
  HaproxySettings,
  HaproxyTextSettings,
} from './haproxy-options.ts';
import { serverParameters } from './haproxy-plan.ts';

/**
 * A whole configuration for HAProxy 2.6 and newer. Pure. Those that drain are left out: a process that starts with this has
 * nothing of theirs in flight.
 */
export function haproxyConfiguration(
  { runtime, backend, file, ...settings }: HaproxyConfigurationSettings,
  wanted: readonly WantedUpstream[],
): string {
  const serving = wanted.filter(({ mode }) => mode === 'serving');
  return `${haproxyBasis({ runtime, file, checkTimeoutMs: settings.healthCheck.timeoutMs })}
frontend clients
${lines(clientsOf(file))}
  default_backend ${backend}

backend ${backend}
  balance ${balances[file.balance]}
${lines(retriesOf(file))}
${lines(checksOf(settings.healthCheck))}
${lines(serving.map((upstream) => `server ${upstream.id} ${serverParameters(upstream, settings)}`))}
`.replace(/\n{2,}$/, '\n');
}

export interface HaproxyBasis {
  readonly runtime: HaproxyAddress;
  readonly file: HaproxyTextSettings;
  readonly checkTimeoutMs: number;
}

/**
 * What every configuration begins with. A process that is replaced lets resting connections be until their next answer says that
 * they end: whoever sends on one in that moment would find it closed.
 */
export function haproxyBasis({ runtime, file, checkTimeoutMs }: HaproxyBasis): string {
  return `# Written by Loadline, as a whole: what is changed here by hand does not stay.
global
  ${ordersLine(runtime)}
  maxconn ${file.connectionsMax}
  hard-stop-after ${file.stopGraceMs}ms

defaults
  mode http
  timeout http-request ${file.headTimeoutMs}ms
  timeout http-keep-alive ${file.idleTimeoutMs}ms
  timeout client ${file.clientStallMs}ms
  timeout queue ${file.queueTimeoutMs}ms
  timeout connect ${file.connectTimeoutMs}ms
  timeout server ${file.responseTimeoutMs}ms
  timeout tunnel ${file.streamIdleMs}ms
  timeout check ${checkTimeoutMs}ms
  option idle-close-on-response
`;
}

/** Where clients come in, and what is told of them. */
export function clientsOf(file: HaproxyTextSettings): string[] {
  return [
    ...file.listen.map((address) => `bind ${address}${tlsOf(file)}`),
    // No tunnels, and of upgrades only WebSockets: others would get around what a proxy checks.
    'http-request deny deny_status 501 if METH_CONNECT',
    'http-request del-header Upgrade unless { req.fhdr_cnt(upgrade) eq 1 } { req.fhdr(upgrade) -m str -i websocket }',
    // Whatever else Connection names, a proxy behind would leave out: what is written of the client's origin, say.
    'http-request del-header Connection unless { req.hdr(connection) -m str -i upgrade } { req.fhdr(upgrade) -m found }',
    'http-request set-header Connection upgrade if { req.fhdr(connection) -m found }',
    ...forwardedOf(file),
  ];
}

/** HAProxy adds the client's address after these rules. */
function forwardedOf({ trustsForwarded }: HaproxyTextSettings): string[] {
  const host = 'http-request set-header X-Forwarded-Host %[req.fhdr(host)]';
  const proto = 'http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]';
  if (trustsForwarded) {
    return [
      'option forwardfor',
      `${host} unless { req.fhdr(x-forwarded-host) -m found }`,
      `${proto} unless { req.fhdr(x-forwarded-proto) -m found }`,
    ];
  }
  const claimed = ['X-Forwarded-For', 'Forwarded', deadlineHeader];
  return [...claimed.map((name) => `http-request del-header ${name}`), 'option forwardfor', host, proto];
}

/** Of those that HAProxy has, these take servers at run time. */
const balances = {
  leastconn: 'leastconn',
  roundrobin: 'roundrobin',
  random: 'random',
  source: 'source\n  hash-type consistent',
} as const;

function tlsOf({ certificatePath }: HaproxyTextSettings): string {
  return certificatePath === undefined ? '' : ` ssl crt ${certificatePath} alpn h2,http/1.1`;
}

/**
 * Where no connection came about, nothing was sent, and everything is repeated. Where a connection ended before an answer, the
 * request may have had its effect: then only what may be done twice is. Each repetition goes to another upstream.
 */
export function retriesOf({ attemptsMax }: Pick<HaproxyTextSettings, 'attemptsMax'>): string[] {
  return [
    `retries ${attemptsMax - 1}`,
    'retry-on conn-failure empty-response',
    'option redispatch 1',
    'http-request disable-l7-retry unless { method GET HEAD OPTIONS PUT DELETE TRACE }',
  ];
}

export function checksOf({ kind, path }: HaproxySettings['healthCheck']): string[] {
  if (kind === 'tcp') return ['option tcp-check'];
  return [
    'option httpchk',
    `http-check send meth GET uri ${path} ver HTTP/1.1 hdr Host loadline hdr Connection close`,
    'http-check expect status 200-299',
  ];
}

export function lines(of: readonly string[]): string {
  return of.map((line) => `  ${line}`).join('\n');
}

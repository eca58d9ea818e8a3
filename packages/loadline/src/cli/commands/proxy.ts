import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import {
  createRandom,
  ended,
  type Problem,
  parseDuration,
  pause,
  show,
  systemClock,
} from '../../base/index.ts';
import { createRegistry, type Registry, renderPrometheus } from '../../metrics/index.ts';
import { observeProcess } from '../../observe/index.ts';
import {
  type BalancePolicy,
  balancePolicies,
  type EmbeddedProxy,
  keepUpstreams,
  openEmbeddedProxy,
  type ProxyDriver,
  parseListenPlace,
  parseUpstreams,
  proxyDoor,
  type WantedUpstream,
} from '../../traffic/index.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { readWords } from '../door/words.ts';
import type { Terminal } from '../screen/terminal.ts';
import { upstreamChanges } from '../screen/upstream-changes.ts';
import type { Command, Surroundings } from './command.ts';

export const proxyCommand: Command = {
  help: `loadline proxy --listen [ADDRESS:]PORT [options]

Spreads HTTP requests over the instances of a service: HTTP/1.1, WebSocket and server-sent events, of one machine. Who
fails is left out for a while, which it says, and what is safe to repeat is repeated elsewhere. Ctrl-C or SIGTERM stops
it gracefully.

  --listen PLACE      where it takes requests: 8080, or 0.0.0.0:8080; by itself a port is one of 127.0.0.1
  --upstream PLACE    an instance, HOST:PORT; may be repeated
  --balance NAME      ${balancePolicies.map(dashed).join(', ')}; default ${dashed('least connections')}
  --check PATH        asks instances there every 10 s; twice 200 is well, three times anything else is not
  --deadline TIME     until an answer begins, then 504; instances are told what is left; default none
  --slow-start TIME   so long the share of a new instance grows from a tenth to its whole one; default 0s, at once
  --requests-max N    so many an instance gets at once, and more wait in a line; default any
  --queue-timeout TIME
                      with --requests-max: so long they wait there, at most 10m, then 503; default 5s
  --cache             keeps answers that say for how long they are good for everybody, and asks once for all who wait
  --hedge-after TIME  asks a second instance too where a GET has no answer for so long; default never
  --trusts-forwarded  hands on what clients say of their origin and time: only where a proxy of yours is before it
  --state FILE        keeps its instances there, and begins with them when it is started again
  --grace TIME        how long what was begun may go on when it stops; default 30s

It takes orders on loopback, at the port in LOADLINE_PROXY_ORDERS_PORT, from whoever has the key in LOADLINE_PROXY_KEY:
GET and PUT /upstreams; /health/ready and /metrics need no key. The control plane runs one for each service that
listens.

Exit codes: 0 stopped, 2 it cannot start as it was asked to.
`,
  run: runProxy,
};

const options = {
  listen: { type: 'string' },
  upstream: { type: 'string', multiple: true },
  balance: { type: 'string' },
  check: { type: 'string' },
  deadline: { type: 'string' },
  'slow-start': { type: 'string', default: '0s' },
  'requests-max': { type: 'string' },
  'queue-timeout': { type: 'string' },
  cache: { type: 'boolean' },
  'hedge-after': { type: 'string' },
  'trusts-forwarded': { type: 'boolean' },
  state: { type: 'string' },
  grace: { type: 'string', default: '30s' },
} as const;

/** What orders come with. */
interface Orders {
  readonly port: number;
  readonly key: string;
}

interface ProxyWords {
  readonly host: string;
  readonly port: number;
  readonly policy: BalancePolicy;
  readonly checkPath: string | undefined;
  readonly deadlineMs: number | undefined;
  readonly slowStartMs: number;
  /** Infinity for any. */
  readonly requestsMax: number;
  readonly queueTimeoutMs: number;
  readonly caches: boolean;
  readonly hedgeAfterMs: number | undefined;
  readonly trustsForwarded: boolean;
  readonly state: string | undefined;
  readonly graceMs: number;
  readonly upstreams: readonly WantedUpstream[];
  readonly orders: Orders | undefined;
}

async function runProxy(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const words = readProxyWords(args, surroundings.env);
  const registry = createRegistry();
  const stopObserving = observeProcess(registry);
  try {
    await serveRequests(words, registry, surroundings);
  } finally {
    stopObserving();
  }
  return exitCodes.passed;
}

async function serveRequests(
  words: ProxyWords,
  registry: Registry,
  { terminal, signal }: Surroundings,
): Promise<void> {
  const { host, port, policy, checkPath, deadlineMs, slowStartMs, trustsForwarded } = words;
  const { caches, hedgeAfterMs } = words;
  const limits = { upstreamRequestsMax: words.requestsMax, queueTimeoutMs: words.queueTimeoutMs };
  const proxy = await openEmbeddedProxy({
    clock: systemClock,
    random: createRandom(process.pid),
    ...{ host, port, policy, slowStartMs, limits, trustsForwarded, registry },
    ...(checkPath === undefined ? {} : { healthCheck: { path: checkPath } }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(hedgeAfterMs === undefined ? {} : { hedgeAfterMs }),
    ...(caches ? { cache: {} } : {}),
  }).catch((cause: NodeJS.ErrnoException) => {
    const found =
      cause.code === 'EADDRINUSE'
        ? 'somebody listens there already. End that, or give another --listen'
        : cause.message;
    throw cliError('CLI_USAGE', `Cannot take requests at ${host}, port ${port}: ${found}.`, { cause });
  });
  const closeDoor = await begin(proxy, words, {
    signal,
    metrics: () => renderPrometheus(registry),
    tell: (line) => terminal.err(`${line}\n`),
  }).catch(async (cause: NodeJS.ErrnoException): Promise<never> => {
    await proxy.close({ graceMs: 0 });
    // A port that is taken, a file that cannot be written: what was asked for, and no mistake of ours.
    if (cause.syscall === undefined) throw cause;
    throw cliError('CLI_USAGE', ended(`Cannot start the proxy: ${whyNotBegun(cause, words)}`), { cause });
  });
  terminal.err(`The proxy takes requests at ${proxy.url}.\n`);
  await tellChanges(proxy, terminal, signal);
  await proxy.close({ graceMs: words.graceMs });
  await closeDoor();
}

/** The word that is to be another one comes first. */
function whyNotBegun(
  { code, syscall, message }: NodeJS.ErrnoException,
  { state, orders }: ProxyWords,
): string {
  if (syscall === 'listen' || syscall === 'bind') {
    const found = code === 'EADDRINUSE' ? 'somebody listens there already' : message;
    return `it cannot take orders at port ${orders?.port} of LOADLINE_PROXY_ORDERS_PORT: ${found}`;
  }
  const found = code === 'ENOENT' ? `there is no folder ${dirname(state ?? '')}` : message;
  return `--state ${state} cannot be written: ${found}`;
}

const lookMs = 1000;

/** Goes on until it is told to stop. */
async function tellChanges(proxy: ProxyDriver, terminal: Terminal, signal: AbortSignal): Promise<void> {
  let before: Awaited<ReturnType<ProxyDriver['observe']>> = [];
  while (!signal.aborted) {
    const seen = await proxy.observe(signal);
    const at = new Date(systemClock.now()).toISOString();
    for (const line of upstreamChanges(before, seen)) terminal.err(`${at} ${line}\n`);
    before = seen;
    // It ends early only because it is told to stop.
    await pause(systemClock, lookMs, signal);
  }
}

interface Beginning {
  readonly signal: AbortSignal;
  readonly metrics: () => AsyncIterable<string>;
  readonly tell: (line: string) => void;
}

/** Gives it its upstreams, and opens its door for orders. */
async function begin(
  proxy: EmbeddedProxy,
  { state, upstreams, orders }: ProxyWords,
  { signal, metrics, tell }: Beginning,
): Promise<() => Promise<void>> {
  let ordered: ProxyDriver = proxy;
  if (state !== undefined) {
    const kept = await keepUpstreams(proxy, state, signal);
    ordered = kept.proxy;
    if (kept.because !== undefined) tell(`It begins without the instances that it had: ${kept.because}.`);
  }
  if (upstreams.length > 0) await ordered.apply(upstreams, signal);
  if (orders === undefined) return async () => undefined;
  const door = createServer(proxyDoor({ proxy: ordered, key: orders.key, metrics }));
  await once(door.listen(orders.port, '127.0.0.1'), 'listening');
  // The system has no descriptor left for whoever knocks. Unheard, it would end the process.
  door.on('error', ({ message }) => tell(`It cannot take orders: ${message}.`));
  tell(`It takes orders at http://127.0.0.1:${(door.address() as AddressInfo).port}.`);
  return async () => {
    door.closeAllConnections();
    door.close();
  };
}

function readProxyWords(args: readonly string[], env: Surroundings['env']): ProxyWords {
  const { options: words, positionals } = readWords('proxy', args, options);
  const problems: string[] = [];
  if (positionals.length > 0) problems.push(`it takes no ${positionals.join(' ')}`);
  const place = parseListenPlace(words.listen ?? '');
  if (place === undefined)
    problems.push(
      `--listen must be a port, or an address of this machine with one, like 8080 or 0.0.0.0:8080, got ${words.listen === undefined ? 'nothing' : show(words.listen)}`,
    );
  const policy = balancePolicies.find((each) => dashed(each) === (words.balance ?? 'least-connections'));
  if (policy === undefined)
    problems.push(
      `--balance must be one of ${balancePolicies.map(dashed).join(', ')}, got ${show(words.balance)}`,
    );
  const time = (name: string, text: string, fits = (_timeMs: number) => true, span = ''): number => {
    const timeMs = parseDuration(text);
    if (timeMs !== undefined && fits(timeMs)) return timeMs;
    problems.push(`--${name} must be a duration${span}, like 10s, got ${show(text)}`);
    return Number.NaN;
  };
  const graceMs = time('grace', words.grace);
  const timeAboveZero = (name: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : time(name, text, (timeMs) => timeMs > 0, ' above 0');
  const deadlineMs = timeAboveZero('deadline', words.deadline);
  const hedgeAfterMs = timeAboveZero('hedge-after', words['hedge-after']);
  const slowStartMs = time('slow-start', words['slow-start']);
  const requestsMax = Number(words['requests-max'] ?? Number.POSITIVE_INFINITY);
  if (words['requests-max'] !== undefined && !/^[1-9]\d{0,8}$/.test(words['requests-max']))
    problems.push(
      `--requests-max must be a whole number of at least 1, like 100, got ${show(words['requests-max'])}`,
    );
  const queueTimeoutMs = time(
    'queue-timeout',
    words['queue-timeout'] ?? '5s',
    (timeMs) => timeMs > 0 && timeMs <= queueTimeoutMsMax,
    ' above 0 and at most 10m',
  );
  if (words['queue-timeout'] !== undefined && words['requests-max'] === undefined)
    problems.push('--queue-timeout needs --requests-max beside it: without it nobody waits');
  const parsed = parseUpstreams({ upstreams: (words.upstream ?? []).map(upstreamOf) });
  for (const place of parsed.ok ? [] : wrongPlaces(parsed.problems, words.upstream ?? []))
    problems.push(`--upstream must be HOST:PORT, like 127.0.0.1:8081, each once, got ${place}`);
  if (words.check !== undefined && !/^\/[\x21-\x7e]*$/.test(words.check))
    problems.push(`--check must begin with / and have no blanks, got ${show(words.check)}`);
  const { LOADLINE_PROXY_KEY: key, LOADLINE_PROXY_ORDERS_PORT: ordersPort } = env;
  if (ordersPort !== undefined && !(/^\d{1,5}$/.test(ordersPort) && Number(ordersPort) <= 65_535))
    problems.push(`LOADLINE_PROXY_ORDERS_PORT must be a port, got ${JSON.stringify(ordersPort)}`);
  if (ordersPort !== undefined && !key)
    problems.push('orders at LOADLINE_PROXY_ORDERS_PORT need a key in LOADLINE_PROXY_KEY');
  if (problems.length > 0 || place === undefined || policy === undefined || !parsed.ok)
    throw cliError('CLI_USAGE', ended(`Cannot start the proxy: ${problems.join('; ')}`));
  return {
    ...place,
    ...{ policy, graceMs, slowStartMs, requestsMax, queueTimeoutMs },
    checkPath: words.check,
    deadlineMs,
    hedgeAfterMs,
    caches: words.cache === true,
    trustsForwarded: words['trusts-forwarded'] === true,
    state: words.state,
    upstreams: parsed.value,
    orders: ordersPort === undefined || !key ? undefined : { port: Number(ordersPort), key },
  };
}

/** As in a services file. */
const queueTimeoutMsMax = 600_000;

function wrongPlaces(problems: readonly Problem[], places: readonly string[]): ReadonlySet<string> {
  return new Set(problems.map(({ path: [, index] }) => JSON.stringify(places[Number(index)])));
}

/** Named by its place, so that one that is given twice is noticed. */
function upstreamOf(text: string): object {
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, Math.max(0, colon)).replaceAll(/[[\]]/g, '');
  return {
    id: text.replaceAll(/[^\w.-]+/g, '-').slice(0, 64),
    host,
    port: Number(text.slice(colon + 1)),
    mode: 'serving',
  };
}

function dashed(policy: BalancePolicy): string {
  return policy.replaceAll(' ', '-');
}

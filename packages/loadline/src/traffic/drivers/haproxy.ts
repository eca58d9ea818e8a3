import { isIP } from 'node:net';
import { type Clock, closest, type LoadlineError, sleep } from '../../base/index.ts';
import { trafficError } from '../errors.ts';
import { checkUpstreams } from '../parse-upstreams.ts';
import type { ProxyDriver } from '../proxy-driver.ts';
import type { WantedUpstream } from '../upstream.ts';
import { writeChecked } from './checked-file.ts';
import { haproxyConfiguration } from './haproxy-configuration.ts';
import {
  completeHaproxyConfiguration,
  completeHaproxyOptions,
  type HaproxyConfigurationSettings,
  type HaproxyOptions,
} from './haproxy-options.ts';
import { type HaproxySteps, planHaproxy } from './haproxy-plan.ts';
import { createHaproxyRuntime, type HaproxyRuntime } from './haproxy-runtime.ts';
import { type HaproxyServer, readServers } from './haproxy-servers.ts';

/**
 * Gives orders to a HAProxy, 2.6 or newer, while it runs: no reload, no connection is cut. What it was told is lost when it
 * starts again; with `file`, it then begins with what it had.
 *
 * Upstreams must have IP addresses: names are resolved when HAProxy reads its configuration, and not afterwards.
 *
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID. Its functions throw TRAFFIC_PROXY_UNREACHABLE, TRAFFIC_PROXY_REFUSED,
 * TRAFFIC_UPSTREAM_INVALID and TRAFFIC_CONFIGURATION_REFUSED.
 */
export function createHaproxyDriver({ clock, ...options }: HaproxyOptions): ProxyDriver {
  const settings = completeHaproxyOptions(options);
  const runtime = createHaproxyRuntime(settings.runtime);
  const look = (signal: AbortSignal): Promise<HaproxyServer[]> => lookAt(runtime, settings.backend, signal);
  return {
    name: `haproxy at ${runtime.address}`,
    observe: async (signal) =>
      (await look(signal)).map(({ id, host, port, status, inFlight, weight }) => ({
        id,
        host,
        port,
        status,
        inFlight,
        weight,
      })),
    async apply(wanted, signal) {
      checkAddresses(wanted);
      const { file } = settings;
      // First, so that one that starts in the middle of this has who is to come, and not who is to go.
      if (file !== undefined) await writeFile({ ...settings, file }, wanted, signal);
      const steps = planHaproxy(settings.backend, await look(signal), { wanted, settings });
      const refusals: Refusal[] = [];
      for (const each of steps) refusals.push(...(await take(each, { runtime, clock, signal })));
      if (refusals.length > 0) throw refused(runtime.address, refusals);
    },
  };
}

/** The same configuration for whoever starts a HAProxy, or keeps it in a repository. @throws LoadlineError TRAFFIC_OPTIONS_INVALID. */
export function writeHaproxyConfiguration(
  options: Omit<HaproxyOptions, 'clock'> & { readonly file: NonNullable<HaproxyOptions['file']> },
  wanted: readonly WantedUpstream[] = [],
): string {
  const settings = completeHaproxyConfiguration(options);
  checkAddresses(wanted);
  return haproxyConfiguration(settings, wanted);
}

async function writeFile(
  settings: HaproxyConfigurationSettings,
  wanted: readonly WantedUpstream[],
  signal: AbortSignal,
): Promise<void> {
  const { path, command } = settings.file;
  const text = haproxyConfiguration(settings, wanted);
  const check =
    command === false ? undefined : { command, argumentsFor: (draft: string) => ['-c', '-f', draft] };
  await writeChecked({ path, text, check, signal });
}

async function lookAt(
  runtime: HaproxyRuntime,
  backend: string,
  signal: AbortSignal,
): Promise<HaproxyServer[]> {
  // In this order: who drains in the first answer can get nothing new until the second.
  const state = await runtime.ask(`show servers state ${backend}`, signal);
  if (state === noBackend)
    throw unknownBackend(backend, { runtime, list: await runtime.ask('show backend', signal) });
  const stat = await runtime.ask(`show stat ${backend} 4 -1`, signal);
  return readServers(state, stat);
}

/** What it says to `show servers state` of one that it does not have. */
const noBackend = "Can't find backend.";

/** @param list a heading, and a line for each that it has. */
function unknownBackend(
  backend: string,
  { runtime: { address }, list }: { readonly runtime: HaproxyRuntime; readonly list: string },
): LoadlineError {
  const backends = list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const meant = closest(backend, backends);
  const known = backends.length === 0 ? 'it has none' : `it has ${backends.slice(0, 20).join(', ')}`;
  const hint = meant === undefined ? '.' : `; did you mean ${meant}?`;
  return trafficError(
    'TRAFFIC_PROXY_REFUSED',
    `HAProxy at ${address} has no backend ${JSON.stringify(backend)}: ${known}${hint} Name one of its own as \`backend\`, or add a section \`backend ${backend}\` to its configuration.`,
    { facts: { address, backend, backends } },
  );
}

interface Refusal {
  readonly order: string;
  readonly said: string;
}

/** Those of one server, up to the first that is refused. What can't be done for one keeps back no other. */
async function take(
  { orders }: HaproxySteps,
  means: { readonly runtime: HaproxyRuntime; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Refusal[]> {
  for (const order of orders) {
    const said = await give(order, means);
    if (said !== '' && !done.has(said)) return [{ order, said }];
  }
  return [];
}

const done = new Set(['New server registered.', 'Server deleted.']);

/** A server whose requests were just ended holds on to their connections for a moment. */
async function give(
  order: string,
  { runtime, clock, signal }: { runtime: HaproxyRuntime; clock: Clock; signal: AbortSignal },
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const said = await runtime.ask(order, signal);
    if (attempt === attemptsMax || !said.startsWith('Server still has connections')) return said;
    await sleep(clock, pauseMs, signal);
  }
}

const attemptsMax = 5;
const pauseMs = 20;

function refused(address: string, refusals: readonly Refusal[]): LoadlineError {
  const told = refusals.slice(0, 5).map(({ order, said }) => `to "${order}" it said "${said}"`);
  const more = refusals.length > 5 ? `; and ${refusals.length - 5} more` : '';
  const isPowerless = refusals.some(({ said }) => said.startsWith('Permission denied'));
  const remedy = isPowerless ? ' Let its line `stats socket` end with `level admin`.' : '';
  return trafficError(
    'TRAFFIC_PROXY_REFUSED',
    `HAProxy at ${address} did not do all that was asked: ${told.join('; ')}${more}.${remedy}`,
    { facts: { address, refusals } },
  );
}

function checkAddresses(wanted: readonly WantedUpstream[]): void {
  checkUpstreams(wanted);
  const named = wanted.filter(({ host }) => isIP(host) === 0).map(({ id, host }) => `${id} (${host})`);
  if (named.length === 0) return;
  throw trafficError(
    'TRAFFIC_UPSTREAM_INVALID',
    `Cannot send requests there: HAProxy is told IP addresses, and these have names: ${named.join(', ')}. Resolve them first.`,
    { facts: { named } },
  );
}

import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, formatDuration, sleep } from '../../base/index.ts';
import { trafficError } from '../errors.ts';
import { checkUpstreams, parseUpstreams } from '../parse-upstreams.ts';
import type { ProxyDriver } from '../proxy-driver.ts';
import type { SeenUpstream, WantedUpstream } from '../upstream.ts';
import { writeChecked } from './checked-file.ts';
import { nginxConfiguration } from './nginx-configuration.ts';
import { completeNginxOptions, type NginxOptions, type NginxSettings } from './nginx-options.ts';
import { type NginxProcess, nginxProcessIn } from './nginx-process.ts';

/**
 * Keeps an nginx in step by writing its configuration and having it reload. A configuration that `nginx -t` does not take is
 * not loaded. Whatever is asked for soon after a reload waits, and is loaded together: the last list counts.
 *
 * nginx does not tell what is in flight where. So who drains is busy with nothing as soon as no worker is left from before
 * the reload that has it drain, and until then with an unknown number. It has no checks of its own either: who is listed
 * is taken to be up.
 *
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID. Its functions throw TRAFFIC_PROXY_UNREACHABLE, TRAFFIC_UPSTREAM_INVALID and
 * TRAFFIC_CONFIGURATION_REFUSED.
 */
export function createNginxDriver({ clock, ...options }: NginxOptions): ProxyDriver {
  const settings = completeNginxOptions(options);
  const { folder, workers, reloadEveryMs } = settings;
  const nginx = nginxProcessIn({ ...settings, clock });
  let reloadedMs = Number.NEGATIVE_INFINITY;
  let latest: readonly WantedUpstream[] = [];
  let waiting: Promise<void> | undefined;
  let before: Promise<void> = Promise.resolve();

  /** One after the other, and never more than one that waits. */
  function enqueue(): Promise<void> {
    const load = before.then(async () => {
      const waitMs = reloadedMs + reloadEveryMs - clock.monotonicMs();
      if (waitMs > 0) await sleep(clock, waitMs);
      // Whoever asks from now on comes with the next one.
      waiting = undefined;
      if (await bringTo({ settings, nginx, clock }, latest)) reloadedMs = clock.monotonicMs();
    });
    before = load.catch(() => undefined);
    return load;
  }

  return {
    name: `nginx in ${folder}`,
    async observe(signal) {
      const upstreams = await recall(settings, await nginx.generation(signal));
      const now = await nginx.workers();
      const isSettled = now !== undefined && now.leaving === 0 && now.accepting <= workers;
      return upstreams.map(({ id, host, port, mode }): SeenUpstream => {
        const isDraining = mode === 'draining';
        const inFlight = isDraining && isSettled ? 0 : undefined;
        return { id, host, port, status: isDraining ? 'draining' : 'up', inFlight };
      });
    },
    apply: async (wanted, signal) => {
      checkUpstreams(wanted);
      latest = wanted;
      waiting ??= enqueue();
      await untilAborted(waiting, signal);
    },
  };
}

/** For whoever starts an nginx before anybody has joined. @throws LoadlineError TRAFFIC_OPTIONS_INVALID. */
export function writeNginxConfiguration(
  options: Omit<NginxOptions, 'clock'>,
  wanted: readonly WantedUpstream[] = [],
): string {
  checkUpstreams(wanted);
  return compose(completeNginxOptions(options), wanted).text;
}

interface Means {
  readonly settings: NginxSettings;
  readonly nginx: NginxProcess;
  readonly clock: Clock;
}

/** False where that was loaded already. */
async function bringTo(means: Means, wanted: readonly WantedUpstream[]): Promise<boolean> {
  const { settings, nginx } = means;
  const { folder, command } = settings;
  const { text, generation } = compose(settings, wanted);
  await mkdir(folder, { recursive: true });
  const { signal } = new AbortController();
  // Whatever an nginx has loaded, there is to be found what that was, also after a crash: without it nobody knows whom it has.
  const memory = { path: memoryOf(folder, generation), text: JSON.stringify({ upstreams: wanted }) };
  await writeChecked({ ...memory, check: undefined, signal });
  const loaded = await nginx.generation(signal).catch(() => undefined);
  await forgetOld(folder, new Set([generation, loaded].map((each) => memoryOf(folder, String(each)))));
  const argumentsFor = (path: string): string[] => ['-t', '-q', '-p', folder, '-c', path];
  await writeChecked({ path: join(folder, 'nginx.conf'), text, check: { command, argumentsFor }, signal });
  if ((await nginx.generation(signal)) === generation) return false;
  await nginx.reload();
  await untilLoaded(means, generation);
  return true;
}

/** The generation stands for everything else that stands there. */
function compose(
  settings: NginxSettings,
  wanted: readonly WantedUpstream[],
): { text: string; generation: string } {
  const draft = nginxConfiguration(settings, { wanted, generation: '' });
  const generation = createHash('sha256').update(draft).digest('hex').slice(0, 16);
  return { text: nginxConfiguration(settings, { wanted, generation }), generation };
}

/** Also until those of before take no connections any more: they know nobody who is new. */
async function untilLoaded({ nginx, clock, settings }: Means, generation: string): Promise<void> {
  const { signal } = new AbortController();
  const endMs = clock.monotonicMs() + loadLimitMs;
  while (clock.monotonicMs() < endMs) {
    // In this order: once a new one answers, those of before are counted until they know that they are to go.
    const isThere = (await nginx.generation(signal)) === generation;
    const workers = await nginx.workers();
    if (isThere && (workers === undefined || workers.accepting <= settings.workers)) return;
    await sleep(clock, lookMs);
  }
  throw trafficError(
    'TRAFFIC_CONFIGURATION_REFUSED',
    `The nginx in ${settings.folder} has not loaded its new configuration within ${formatDuration(loadLimitMs)}, and goes on with the one before. Its error log says why.`,
    { facts: { folder: settings.folder } },
  );
}

const loadLimitMs = 5000;
const lookMs = 20;

function memoryOf(folder: string, generation: string): string {
  return join(folder, `upstreams.${generation}.json`);
}

async function recall(settings: NginxSettings, generation: string): Promise<readonly WantedUpstream[]> {
  const { folder } = settings;
  // Whoever starts with what `writeNginxConfiguration` gave has no memory, and nobody.
  if (generation === compose(settings, []).generation) return [];
  const text = await readFile(memoryOf(folder, generation), 'utf8').catch(() => 'null');
  const parsed = parseUpstreams(jsonOf(text));
  if (parsed.ok) return parsed.value;
  throw trafficError(
    'TRAFFIC_PROXY_REFUSED',
    `The nginx in ${folder} has loaded a configuration of which nothing is known: ${memoryOf(folder, generation)} is missing or damaged. Start it again: it then loads what is written.`,
    { facts: { folder, generation } },
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** There are some of lists that were never loaded, where nginx was away or refused them. */
async function forgetOld(folder: string, needed: ReadonlySet<string>): Promise<void> {
  const names = (await readdir(folder)).filter((name) => /^upstreams\.[\da-f]{16}\.json$/.test(name));
  const paths = names.map((name) => join(folder, name)).filter((path) => !needed.has(path));
  const ages = await Promise.all(paths.map(async (path) => ({ path, atMs: (await stat(path)).mtimeMs })));
  const old = ages.toSorted((one, other) => other.atMs - one.atMs).slice(memoriesMax);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
}

const memoriesMax = 20;

/** The work goes on where somebody waits no longer. */
function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

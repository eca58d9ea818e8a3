import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { bracketed, type Clock, systemClock } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import { observeDisk, observeProcess } from 'loadline/observe';
import { createProcessDriver } from 'loadline/scaling';
import { type FlagSource, openFileFlags } from 'loadline/scaling/flags';
import { openPostgresFlags } from 'loadline/scaling/postgres-flags';
import { describeStop } from 'loadline/traffic';
import type { compose as Compose, Composition } from './compose.ts';
import { type Configuration, type FlagsPlace, readConfiguration, type ServeWords } from './configuration.ts';
import { claimHome, type Memory, openMemory } from './memory/index.ts';
import { controlPlaneError } from './problems/index.ts';
import { createProfilers } from './profiling/index.ts';
import { createNewcomerWeights, openBuilds } from './rollouts/index.ts';
import { readServicesFile, type ServicesRead, scalingGateOf, tellUnsetVariables } from './scaling/index.ts';
import { keepHeapSmall } from './small-heap.ts';
import { createProcessRunner } from './tests/index.ts';
import { startServiceProxies } from './traffic/index.ts';

/** What the control plane has around it: its environment, its end, whom it tells, and a clock. */
export interface ServeSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ends it, gracefully. */
  readonly signal: AbortSignal;
  /** Says something to whoever started it. */
  readonly tell: (line: string) => void;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/**
 * Runs the control plane until the signal comes: then it says "not ready", ends the tests that run, and answers what is
 * under way.
 *
 * @throws CONTROL_PLANE_START_REFUSED
 */
export async function serve(words: ServeWords, surroundings: ServeSurroundings): Promise<void> {
  keepHeapSmall();
  const { env, signal, clock = systemClock } = surroundings;
  const configuration = readConfiguration(words, env);
  const { home, databaseUrl } = configuration;
  await mkdir(home, { recursive: true, mode: 0o700 });
  const leaveHome = await claimHome(home, signal);
  try {
    // The database starts while the rest of the program is read.
    const reading = import('./compose.ts');
    const memory = await openMemory({ home, clock, databaseUrl, signal });
    try {
      const { compose } = await reading;
      const { services } = words;
      const readServices = services === undefined ? undefined : () => readServicesFile(services, env);
      await serveWith(memory, configuration, { ...surroundings, clock, compose, readServices });
    } finally {
      await memory.close();
    }
  } finally {
    leaveHome();
  }
}

async function serveWith(
  { documents, journal, store, postgres }: Memory,
  configuration: Configuration,
  {
    signal,
    tell,
    clock,
    compose,
    readServices,
  }: ServeSurroundings & {
    readonly clock: Clock;
    readonly compose: typeof Compose;
    readonly readServices: (() => ServicesRead) | undefined;
  },
): Promise<void> {
  const { isLoopback, host, port, home, services, observeKey } = configuration;
  const registry = createRegistry();
  // Its timer would keep a process alive whose start was refused.
  using observing = new DisposableStack();
  observing.defer(observeProcess(registry, clock));
  observeDisk(registry, { clock, folder: home });
  const builds = await openBuilds({ documents: store.documents, services });
  const weights = createNewcomerWeights(builds);
  // Closed after the instances, which leave through them.
  await using proxies = startServiceProxies({
    clock,
    services,
    groups: { serviceOf: builds.serviceOf, weightOf: weights.of },
    folder: join(home, 'proxies'),
  });
  await using driver = createProcessDriver({
    clock,
    gate: proxies.gate,
    services: builds.commands,
    folder: join(home, 'instances'),
    // Services that run already are not touched by a start that comes to nothing.
    isHeld: true,
  });
  await using flags = await openFlags(configuration.flags, { clock, postgres });
  const composition = await compose(configuration, {
    clock,
    documents,
    journal,
    store,
    runner: createProcessRunner(),
    ...{ driver, builds, readServices, weights, poolOf: proxies.poolOf },
    scalingGate: flags && scalingGateOf(flags),
    proxiesOf: (service) => proxies.viewsOf(service),
    profilers: createProfilers(clock, observeKey),
    registry,
    log: { write: (line) => tell(line.trimEnd()) },
  });
  let hasBegun = false;
  try {
    if (!isLoopback) assertAdmin(composition);
    await listen(composition, { host, port });
    // Not before: a start that comes to nothing would keep a key that nobody has seen.
    const firstKey = await makeFirstKey(composition);
    proxies.begin();
    driver.begin();
    hasBegun = true;
    for (const line of tellUnsetVariables(services)) tell(line);
    // In one go: whoever reads the address has read the key.
    tell(`The control plane listens at ${urlOf(composition, configuration)}${wordsOf(firstKey)}`);
    await untilAborted(signal);
  } finally {
    // Whoever asks it waits for its beginning, and would not end; and where nobody has come there is nobody to wait for.
    if (!hasBegun) {
      await driver.close();
      composition.graceful.force('it has not begun');
    }
    await stop(composition, tell);
  }
}

async function openFlags(
  place: FlagsPlace | undefined,
  { clock, postgres }: { readonly clock: Clock; readonly postgres: Memory['postgres'] },
): Promise<FlagSource | undefined> {
  switch (place?.kind) {
    case 'file':
      return openFileFlags({ clock, path: place.path });
    case 'database':
      return openPostgresFlags({ clock, postgres });
    case undefined:
      return undefined;
  }
}

/** Whoever was cut off is told of; what could not be closed is an error, once all else is closed. */
async function stop({ graceful }: Composition, tell: (line: string) => void): Promise<void> {
  const report = await graceful.stop('it was told to');
  if (report.unfinishedCount > 0) tell(`The control plane ${describeStop(report)}.`);
  const [failure] = report.failures;
  if (failure !== undefined) throw failure.error;
}

function wordsOf(firstKey: string | undefined): string {
  if (firstKey === undefined) return '';
  return `\nIts first admin key, which is shown this once:\n\n  ${firstKey}\n\nMake further ones with it: POST /keys`;
}

function assertAdmin({ keys }: Composition): void {
  if (keys.hasAdmin()) return;
  throw controlPlaneError(
    'CONTROL_PLANE_START_REFUSED',
    'Cannot start the control plane: it has no admin key yet, and beyond loopback none is printed. Give one in LOADLINE_ADMIN_KEY, or start it once on 127.0.0.1.',
  );
}

async function makeFirstKey({ keys }: Composition): Promise<string | undefined> {
  if (keys.hasAdmin()) return undefined;
  const { secret } = await keys.create({ name: 'first admin', role: 'admin', createdBy: 'first start' });
  return secret;
}

const whyNotHere: Readonly<Record<string, string>> = {
  EADDRINUSE: 'somebody listens there already. End that, or give another --port',
  EACCES: 'this user may not listen there. Give a --port from 1024 on',
  EADDRNOTAVAIL: 'this machine has no such address. Give one of its own as --host',
  ENOTFOUND: 'no address has this name. Give one of this machine as --host',
};

/** Connections that wait to be met. Beyond it the kernel lets whoever comes try again, after one second, then three, then seven. */
const backlogMax = 4096;

async function listen({ app }: Composition, address: { host: string; port: number }): Promise<void> {
  try {
    await app.listen({ ...address, backlog: backlogMax });
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    throw controlPlaneError(
      'CONTROL_PLANE_START_REFUSED',
      `Cannot listen on ${address.host}, port ${address.port}: ${whyNotHere[code] ?? code}.`,
      { cause },
    );
  }
}

function urlOf({ app }: Composition, { host, tls }: Configuration): string {
  const { port } = app.server.address() as AddressInfo;
  return `${tls === undefined ? 'http' : 'https'}://${bracketed(host)}:${port}`;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

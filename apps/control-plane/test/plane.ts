import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { createVirtualClock, type VirtualClock } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import { createSimulatedDriver, type ScalingGate, type SimulatedDriver } from 'loadline/scaling';
import { type Role, roles } from '../src/access/index.ts';
import { builtIn } from '../src/alerts/index.ts';
import type { Pull } from '../src/collect/index.ts';
import { type Composition, compose } from '../src/compose.ts';
import { type Configuration, defaultLimits } from '../src/configuration.ts';
import type { AuditEntry } from '../src/contract/index.ts';
import {
  createMemoryDocuments,
  createMemoryJournal,
  type Documents,
  type Journal,
} from '../src/memory/index.ts';
import { createProfilers, type Profilers } from '../src/profiling/index.ts';
import { openBuilds, type SplitPool } from '../src/rollouts/index.ts';
import type { ServicesRead } from '../src/scaling/index.ts';
import { FakeRunner } from './fake-runner.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';

/** A control plane within this process, with a key of each role, that makes no load and owns its time. */
export interface Plane extends AsyncDisposable {
  readonly composition: Composition;
  readonly clock: VirtualClock;
  readonly runner: FakeRunner;
  readonly documents: Documents;
  readonly store: MemoryStore;
  /** Runs what `configuration.services` describes, in virtual time. */
  readonly driver: SimulatedDriver;
  readonly home: string;
  readonly keys: Readonly<Record<Role, string>>;
  /** What was written into the log. */
  readonly log: readonly string[];
  ask(role: Role | undefined, method: Method, url: string, options?: AskOptions): Promise<Answer>;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';

export interface AskOptions {
  /** Sent as JSON; a text and bytes are sent as they are. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: LightMyRequestResponse['headers'];
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test asks for what it expects.
  readonly json: any;
}

export interface PlaneOptions {
  readonly configuration?: Partial<Configuration>;
  readonly documents?: Documents;
  readonly store?: MemoryStore;
  readonly journal?: Journal<AuditEntry>;
  readonly clock?: VirtualClock;
  readonly home?: string;
  readonly runner?: FakeRunner;
  readonly driver?: SimulatedDriver;
  readonly poolOf?: (service: string) => SplitPool | undefined;
  readonly readServices?: () => ServicesRead;
  readonly scalingGate?: ScalingGate;
  readonly pull?: Pull;
  readonly profilers?: Profilers;
}

export async function startPlane(options: PlaneOptions = {}): Promise<Plane> {
  const clock = options.clock ?? createVirtualClock();
  const documents = options.documents ?? createMemoryDocuments();
  const store = options.store ?? createMemoryStore(clock);
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'loadline-plane-')));
  const runner = options.runner ?? new FakeRunner();
  const services = options.configuration?.services ?? [];
  const builds = await openBuilds({ documents: store.documents, services });
  const none = Object.fromEntries(Object.keys(builds.commands).map((group) => [group, 0]));
  const driver = options.driver ?? createSimulatedDriver({ clock, groups: none });
  const log: string[] = [];
  const composition = await compose(
    {
      host: '127.0.0.1',
      port: 0,
      home,
      isLoopback: true,
      isBehindProxy: false,
      tls: undefined,
      adminKey: undefined,
      observeKey: undefined,
      databaseUrl: undefined,
      targets: { allowLoopback: true, allowHosts: [] },
      productionHosts: ['127.0.0.99'],
      metricsAddresses: [],
      services: [],
      flags: undefined,
      watch: {
        services: [],
        postgres: [],
        valkey: [],
        policy: { allowLoopback: true },
        intervalMs: 5000,
      },
      alerting: {
        policy: builtIn(),
        webhooks: [],
        webhookSecret: undefined,
        alertmanagers: [],
        escalations: [],
      },
      keyRequestsMax: 1_000_000,
      strangerRequestsMax: 1_000_000,
      limits: defaultLimits,
      ...options.configuration,
    },
    {
      clock,
      documents,
      journal: options.journal ?? createMemoryJournal<AuditEntry>(1000),
      store,
      runner,
      driver,
      builds,
      poolOf: options.poolOf,
      readServices: options.readServices,
      scalingGate: options.scalingGate,
      pull: options.pull,
      profilers: options.profilers ?? createProfilers(clock, undefined),
      registry: createRegistry(),
      log: { write: (line) => void log.push(line) },
    },
  );
  const made = await Promise.all(
    roles.map(async (role) => {
      const { secret } = await composition.keys.create({ name: role, role, createdBy: 'test' });
      return [role, secret] as const;
    }),
  );
  const keys = Object.fromEntries(made) as Record<Role, string>;
  await composition.app.ready();
  return {
    composition,
    clock,
    runner,
    documents,
    store,
    driver,
    home,
    keys,
    log,
    ask: (role, method, url, asked = {}) =>
      inject(composition, {
        method,
        url,
        ...bodyOf(asked.body),
        headers: {
          ...(role === undefined ? {} : { authorization: `Bearer ${keys[role]}` }),
          ...(asked.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...asked.headers,
        },
      }),
    async [Symbol.asyncDispose]() {
      composition.graceful.force('the test is over');
      const { failures } = await composition.graceful.stop();
      if (failures.length > 0) throw failures[0]?.error;
      if (options.home === undefined) await rm(home, { recursive: true, force: true });
    },
  };
}

/** Looks again and again, until it is so; what is waited for is files that are being written. */
export async function until<Value>(
  look: () => Promise<Value>,
  isSo: (value: Value) => boolean,
): Promise<Value> {
  const givingUp = AbortSignal.timeout(10_000);
  for (;;) {
    const value = await look();
    if (isSo(value)) return value;
    if (givingUp.aborted) throw new Error(`It never came to this: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A test once it is in a state. */
export async function untilState(plane: Plane, id: string, state: string): Promise<Answer> {
  const look = (): Promise<Answer> => plane.ask('viewer', 'GET', `/performance/tests/${id}`);
  return until(look, ({ json }) => json.state === state);
}

function bodyOf(body: unknown): { payload?: string | Buffer } {
  if (body === undefined) return {};
  const isWritten = typeof body === 'string' || Buffer.isBuffer(body);
  return { payload: isWritten ? body : JSON.stringify(body) };
}

async function inject({ app }: Composition, request: InjectOptions): Promise<Answer> {
  const response = await app.inject({ ...request, payloadAsStream: true });
  const type = String(response.headers['content-type']);
  const text = await textOf(response.stream(), type.startsWith('text/event-stream'));
  return {
    status: response.statusCode,
    headers: response.headers,
    text,
    json: /json/.test(type) ? JSON.parse(text) : undefined,
  };
}

/** All of it; of what does not end by itself the first of it. */
async function textOf(stream: Readable, isEndless: boolean): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
    if (isEndless) break;
  }
  return Buffer.concat(chunks).toString();
}

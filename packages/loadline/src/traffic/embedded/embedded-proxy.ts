import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { bracketed, sleep } from '../../base/index.ts';
import { createRegistry } from '../../metrics/index.ts';
import { RetryBudget } from '../../resilience/index.ts';
import { defaultEjection } from '../balance/ejection.ts';
import { guideHealthCheck, type HealthCheckPolicy } from '../balance/health-check.ts';
import { pickerOf } from '../balance/policy.ts';
import { Prober } from '../balance/prober.ts';
import { httpProbe } from '../balance/probes/http.ts';
import { tcpProbe } from '../balance/probes/tcp.ts';
import { trafficError } from '../errors.ts';
import { checkUpstreams } from '../parse-upstreams.ts';
import type { ProxyDriver } from '../proxy-driver.ts';
import type { SeenUpstream, WantedUpstream } from '../upstream.ts';
import { createCachedHandle } from './cache/cached-handling.ts';
import { HttpCache } from './cache/http-cache.ts';
import { checkProxyOptions } from './check-options.ts';
import { ClientConnection } from './client-connection.ts';
import { Connections } from './connections.ts';
import { Exchange } from './exchange.ts';
import type { Handle } from './message/handling.ts';
import { completeLimits, defaultRetry, type EmbeddedProxyOptions, type RetryPolicy } from './options.ts';
import { createProxyMetrics } from './proxy-metrics.ts';
import type { ProxyParts } from './proxy-parts.ts';
import { Sweep } from './sweep.ts';
import type { UpstreamEntry } from './upstream-entry.ts';
import { Upstreams, type UpstreamsOptions } from './upstreams.ts';
import { WaitingLine } from './waiting-line.ts';

/** A proxy in this process: for one machine, demos and tests. */
export interface EmbeddedProxy extends ProxyDriver, AsyncDisposable {
  /** `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly port: number;
  /** Connections of clients that are open. */
  readonly connections: number;
  /**
   * Takes no new connections, answers what is under way, with `Connection: close`, and ends when all is answered or
   * the grace is over. A second call waits for the first.
   *
   * @returns how many connections were cut because the grace was over.
   */
  close(options?: { readonly graceMs?: number }): Promise<{ readonly cut: number }>;
}

/**
 * Opens a proxy that speaks HTTP/1.1 with clients and upstreams, WebSocket and server-sent events included. It gets
 * its upstreams by `apply`, and answers 503 while it has none.
 *
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID; what the system says where the address is taken. Its functions throw
 * TRAFFIC_PROXY_UNREACHABLE once it is closed.
 */
export async function openEmbeddedProxy(options: EmbeddedProxyOptions): Promise<EmbeddedProxy> {
  checkProxyOptions(options);
  const proxy = new RunningProxy(options);
  try {
    await proxy.listen();
    return proxy;
  } catch (error) {
    // Its timers would keep the process alive.
    await proxy[Symbol.asyncDispose]();
    throw error;
  }
}

class RunningProxy implements EmbeddedProxy {
  readonly #options: EmbeddedProxyOptions;
  readonly #parts: ProxyParts;
  readonly #handle: Handle;
  readonly #server: Server;
  readonly #clients = new Set<ClientConnection>();
  /** It is asked for after the end, too, and the server has none then. */
  #address: AddressInfo | undefined;
  #isClosed = false;
  #closing: Promise<{ readonly cut: number }> | undefined;

  constructor(options: EmbeddedProxyOptions) {
    this.#options = options;
    this.#parts = this.#createParts(options);
    this.#handle = createHandle(this.#parts, options);
    // Half-open, because who ends one direction of a WebSocket may still be told something.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  async listen(): Promise<void> {
    const { host = '127.0.0.1', port = 0 } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: 1024 }, () => {
        this.#server.off('error', reject);
        this.#address = this.#server.address() as AddressInfo;
        // The system has no descriptor left for a client who knocks. Unheard, it would end the process.
        this.#server.on('error', () => this.#parts.metrics.acceptFailures.add());
        resolve();
      });
    });
  }

  get name(): string {
    return `${this.#options.name ?? 'embedded'} at ${this.url}`;
  }

  get url(): string {
    const { address, port } = this.#address as AddressInfo;
    return `http://${bracketed(address)}:${port}`;
  }

  get port(): number {
    return (this.#address as AddressInfo).port;
  }

  get connections(): number {
    return this.#clients.size;
  }

  async observe(_signal: AbortSignal): Promise<readonly SeenUpstream[]> {
    this.#assertOpen();
    return this.#parts.upstreams.observe(this.#parts.clock.monotonicMs());
  }

  async apply(wanted: readonly WantedUpstream[], _signal: AbortSignal): Promise<void> {
    this.#assertOpen();
    checkUpstreams(wanted);
    this.#parts.upstreams.apply(wanted);
  }

  close({ graceMs = 30_000 }: { readonly graceMs?: number } = {}): Promise<{ readonly cut: number }> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ graceMs: 0 });
  }

  async #close(graceMs: number): Promise<{ readonly cut: number }> {
    const { clock, sweep, upstreams } = this.#parts;
    this.#server.close();
    for (const client of this.#clients) client.closeSoon();
    const untilMs = clock.monotonicMs() + graceMs;
    while (this.#clients.size > 0 && clock.monotonicMs() < untilMs) await sleep(clock, lookMs);
    const cut = this.#clients.size;
    for (const client of this.#clients) client.destroy();
    upstreams.close();
    sweep.stop();
    this.#isClosed = true;
    return { cut };
  }

  /** What it would begin now, nobody would end. */
  #assertOpen(): void {
    if (!this.#isClosed) return;
    throw trafficError('TRAFFIC_PROXY_UNREACHABLE', `Cannot give orders to ${this.name}: it was closed.`);
  }

  #accept(socket: Socket): void {
    const { parts, clients } = { parts: this.#parts, clients: this.#clients };
    // So many may be told that they are too many; who comes beyond that is not even told.
    if (clients.size >= parts.limits.connectionsMax + turnedAwayMax) {
      socket.destroy();
      return;
    }
    const isTooMany = clients.size >= parts.limits.connectionsMax;
    const onClosed = (connection: ClientConnection): boolean => clients.delete(connection);
    const client = new ClientConnection(socket, { parts, handle: this.#handle, onClosed });
    clients.add(client);
    if (isTooMany)
      client.turnAway({ status: 503, detail: 'There are too many connections.', retryAfterSeconds: 1 });
  }

  #createParts(options: EmbeddedProxyOptions): ProxyParts {
    const { clock, registry = createRegistry() } = options;
    const retry = { ...defaultRetry, ...options.retry };
    const sweep = new Sweep(clock);
    const metrics = createProxyMetrics(registry, options.name ?? 'embedded', {
      inFlight: () => upstreams.observe(0).map(({ id, inFlight = 0 }) => ({ upstream: id, inFlight })),
      connections: () => this.#clients.size,
      waiting: () => line.length,
    });
    const limits = completeLimits(options);
    const connections = new Connections(limits);
    const line = new WaitingLine();
    const { upstreamRequestsMax: requestsMax } = limits;
    const upstreams: Upstreams = this.#createUpstreams({ metrics, connections, line, requestsMax });
    sweep.add(connections);
    sweep.add(line);
    return {
      clock,
      limits,
      retry,
      hedgeAfterMs: options.hedgeAfterMs,
      trustsForwarded: options.trustsForwarded ?? false,
      deadlineMs: options.deadlineMs ?? Number.POSITIVE_INFINITY,
      budget: budgetOf(retry),
      metrics,
      sweep,
      upstreams,
      line,
      connections,
    };
  }

  #createUpstreams(
    parts: Pick<UpstreamsOptions, 'metrics' | 'connections' | 'line' | 'requestsMax'>,
  ): Upstreams {
    const { random, healthCheck, policy = 'round robin', ...options } = this.#options;
    const check = healthCheck === undefined ? undefined : { ...guideHealthCheck, ...healthCheck };
    const upstreams: Upstreams = new Upstreams({
      picker: pickerOf(policy),
      random,
      zone: options.zone,
      slowStartMs: options.slowStartMs ?? 0,
      panicRatio: options.panicRatio ?? 0.5,
      ejection: { ...defaultEjection, ...options.ejection },
      ...parts,
      watch: check && ((entry) => this.#watch(entry, check, upstreams)),
    });
    return upstreams;
  }

  #watch(entry: UpstreamEntry, policy: HealthCheckPolicy, upstreams: Upstreams): void {
    entry.prober = new Prober(entry.wanted, {
      clock: this.#options.clock,
      policy,
      probe: policy.kind === 'http' ? httpProbe(policy.path) : tcpProbe,
      onChecked: ({ status }) => upstreams.setHealth(entry, status),
    });
  }
}

/** Quiet saves up a second's worth only, or one, so that few requests are no reason for many repetitions at once. */
function budgetOf({ budgetRatio: ratio, budgetPerSecondMin: perSecond }: RetryPolicy): RetryBudget {
  const quietMax = perSecond === 0 ? 0 : Math.max(1, perSecond);
  return new RetryBudget({ ratio, perSecond, quietMax, savedMax });
}

/** What long peace may save up: enough for an instance that dies with a thousand requests on the wire. */
const savedMax = 1000;

/** Asks upstreams, or first the cache where one is wanted. */
function createHandle(parts: ProxyParts, { cache, clock }: EmbeddedProxyOptions): Handle {
  const fetch: Handle = (request, answer, owner) => new Exchange(parts, request, answer, owner);
  if (cache === undefined) return fetch;
  return createCachedHandle({
    cache: new HttpCache(cache, clock),
    fetch,
    count: (outcome) => parts.metrics.cached.with({ outcome }).add(),
  });
}

/** How often closing looks whether all is answered. */
const lookMs = 20;
const turnedAwayMax = 1000;

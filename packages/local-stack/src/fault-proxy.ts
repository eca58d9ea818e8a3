import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Clock, sleep, systemClock } from 'loadline/base';
import { localStackError } from './errors.ts';
import { checkFault, type Fault } from './fault.ts';
import { type Passed, ProxiedConnection, type ProxyTarget } from './proxied-connection.ts';

/** Where connections go, and how many and how much of them the proxy holds. */
export interface FaultProxyOptions {
  readonly target: ProxyTarget;
  /** For corruption and jitter: the same seed does the same to the same bytes. Default 1. */
  readonly seed?: number | string;
  /** How many bytes a direction of a connection holds before its sender has to wait. Default 1 MiB. */
  readonly bufferBytesMax?: number;
  /** More connections than this are reset, and counted as refused. Default 10,000. */
  readonly connectionsMax?: number;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** What has gone through a proxy since its start. */
export interface FaultProxyCounts {
  readonly connectionsAccepted: number;
  readonly connectionsOpen: number;
  /** Reset at once: by a fault, or because there were too many. What a cut refuses never arrives here. */
  readonly connectionsRefused: number;
  /** Connections that the target did not take within 10 seconds. */
  readonly targetFailures: number;
  /** What has arrived and not gone on yet, now. */
  readonly heldBytes: number;
  readonly upstreamBytes: number;
  readonly downstreamBytes: number;
  readonly corruptedBytes: number;
}

/**
 * Starts the one fault proxy: a TCP proxy on a free loopback port that behaves until a fault is injected.
 *
 * @throws LOCAL_STACK_OPTION_INVALID.
 *
 * @example
 * await using proxy = await startFaultProxy({ target: stack.postgres });
 * const pool = new pg.Pool({ connectionString: proxy.urlFor(stack.postgres.url) });
 * await proxy.inject({ kind: 'delay', delayMs: 50 });
 * await proxy.heal();
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  for (const name of ['bufferBytesMax', 'connectionsMax'] as const) {
    const value = options[name];
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue;
    throw localStackError(
      'LOCAL_STACK_OPTION_INVALID',
      `Cannot start a fault proxy: ${name} must be a whole number from 1, got ${value}. Set ${name}.`,
      { facts: { option: name, value } },
    );
  }
  const proxy = new FaultProxy(options);
  await proxy.open();
  return proxy;
}

/** A running proxy; one fault at a time, and a new one replaces it. */
export class FaultProxy implements AsyncDisposable {
  readonly host: string = '127.0.0.1';
  readonly #options: FaultProxyOptions;
  readonly #clock: Clock;
  readonly #connections = new Set<ProxiedConnection>();
  #server: Server | undefined;
  #port = 0;
  #fault: Fault | undefined;
  /** Changes take effect one after the other, in the order in which they were asked for. */
  #changing: Promise<void> = Promise.resolve();
  #isClosed = false;
  #accepted = 0;
  #refused = 0;
  readonly #passed: Passed = { targetFailures: 0, upstreamBytes: 0, downstreamBytes: 0, corruptedBytes: 0 };

  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get port(): number {
    return this.#port;
  }

  /** The same address, but through the proxy: user, password, path and query stay. */
  urlFor(url: string): string {
    const through = new URL(url);
    through.hostname = this.host;
    through.port = String(this.#port);
    return through.href;
  }

  /** What acts now. */
  get fault(): Fault | undefined {
    return this.#fault;
  }

  get counts(): FaultProxyCounts {
    return {
      connectionsAccepted: this.#accepted,
      connectionsOpen: this.#connections.size,
      connectionsRefused: this.#refused,
      heldBytes: [...this.#connections].reduce((sum, { heldBytes }) => sum + heldBytes, 0),
      ...this.#passed,
    };
  }

  /**
   * Lets a fault act, instead of the one before, on open connections and on those that come. Resolves when
   * it does.
   *
   * @throws LOCAL_STACK_OPTION_INVALID; LOCAL_STACK_PROXY_PORT_LOST when it follows a cut.
   */
  async inject(fault: Fault): Promise<void> {
    checkFault(fault);
    await this.#change(() => this.#act(fault));
  }

  /**
   * Ends the fault. What was held passes; connections that were cut or reset stay so.
   *
   * @throws LOCAL_STACK_PROXY_PORT_LOST.
   */
  async heal(): Promise<void> {
    await this.#change(() => this.#act(undefined));
  }

  /** Opens the port; startFaultProxy() does. */
  async open(): Promise<void> {
    await this.#change(() => this.#listen());
  }

  /** Ends all connections and closes the port, for good: a fault that is injected or healed later does nothing. */
  async close(): Promise<void> {
    await this.#change(async () => {
      this.#isClosed = true;
      this.#stopListening();
      for (const connection of this.#connections) connection.reset();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #change(run: () => Promise<void>): Promise<void> {
    const changed = this.#changing.then(run);
    this.#changing = changed.catch(() => undefined); // Whoever asked is told; the next change is tried anyway.
    return changed;
  }

  async #act(fault: Fault | undefined): Promise<void> {
    if (this.#isClosed) return;
    this.#fault = fault;
    if (fault?.kind === 'cut') this.#stopListening();
    for (const connection of this.#connections) connection.act(fault);
    if (fault?.kind !== 'cut' && this.#server === undefined) await this.#listen();
  }

  /** On the same port as before, which somebody may have taken during a cut: for a moment, or for good. */
  async #listen(): Promise<void> {
    const deadlineMs = this.#clock.monotonicMs() + portLimitMs;
    for (;;) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
      try {
        this.#port = await listen(server, this.host, this.#port);
        this.#server = server;
        return;
      } catch (cause) {
        if (this.#clock.monotonicMs() > deadlineMs) throw portLost(this.#port, cause);
      }
      await sleep(this.#clock, 50);
    }
  }

  #stopListening(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #accept(client: Socket): void {
    this.#accepted++;
    const isFull = this.#connections.size >= (this.#options.connectionsMax ?? 10_000);
    if (isFull || this.#fault?.kind === 'reset') {
      this.#refused++;
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const connection = new ProxiedConnection(client, {
      target: this.#options.target,
      fault: this.#fault,
      seed: `${this.#options.seed ?? 1} ${this.#accepted}`,
      bufferBytesMax: this.#options.bufferBytesMax ?? 1_048_576,
      clock: this.#clock,
      passed: this.#passed,
      onClosed: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }
}

const portLimitMs = 2000;

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });
}

function portLost(port: number, cause: unknown): Error {
  return localStackError(
    'LOCAL_STACK_PROXY_PORT_LOST',
    `Cannot listen on port ${port} again: another process took it during the cut. Start a new proxy.`,
    { facts: { port }, cause },
  );
}

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { bracketed, type Clock, formatPath, systemClock } from '../../base/index.ts';
import { thisEnvironment } from '../environment.ts';
import { loadError } from '../errors.ts';
import type { WorkerLink } from '../workers/link.ts';
import { conductorTls, deriveKey, handshakeLimitMs, whyNotLetIn } from './agent-key.ts';
import { Channel } from './channel.ts';
import { type FromAgent, readHello, type ToAgent } from './messages.ts';
import type { PreparedErrand } from './prepare-errand.ts';
import { RemoteAgent } from './remote-agent.ts';

/** Where agents come in, and by which token. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** What agents must know as well. */
  readonly token: string;
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** How many agents wait has changed. */
  readonly onWaiting?: (waiting: number) => void;
  /** Somebody was not let in. It disturbs nothing, and may be none of ours. */
  readonly onTurnedAway?: (address: string, because: string) => void;
}

/** Where agents come in. */
export interface AgentListener extends Disposable {
  /** Where it listens, as `tls://127.0.0.1:7077`. */
  readonly url: string;
  /**
   * Waits for so many agents, and gives them what they need for a run.
   *
   * @returns a link to each worker of each agent, for `runWorkers`, which ends them. An agent that could not
   *   prepare itself is a link that is lost.
   * @throws the signal's reason.
   */
  next(count: number, errand: PreparedErrand, signal?: AbortSignal): Promise<readonly WorkerLink[]>;
  /** Sends away those who wait, and listens no more. Agents at work are their links' own. */
  close(): void;
}

/**
 * Listens for agents. Whoever does not show within five seconds that they know the token is cut off; of those who
 * have not yet, at most 64 are kept, the newest, so that strangers who come and say nothing keep nobody out.
 *
 * @throws LOAD_LISTEN_FAILED
 */
export async function listenForAgents(options: ListenOptions): Promise<AgentListener> {
  const server = createServer(conductorTls(await deriveKey(options.token)));
  const listener = new Listener(server, options);
  await listen(server, options);
  return listener;
}

class Listener implements AgentListener {
  readonly #server: Server;
  readonly #options: ListenOptions;
  readonly #clock: Clock;
  /** Those who have not yet shown that they know the token, by their address and port; the oldest first. */
  readonly #strangers = new Map<string, Socket>();
  readonly #waiting = new Set<RemoteAgent>();
  #onArrival: () => void = () => undefined;

  constructor(server: Server, options: ListenOptions) {
    this.#server = server;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    server.on('connection', (socket: Socket) => this.#onConnection(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#turnAway(addressOf(socket), whyNotLetIn(error));
      socket.destroy();
    });
    server.on('secureConnection', (socket) => this.#onSecure(socket));
  }

  get url(): string {
    const address = this.#server.address();
    const port = typeof address === 'object' && address !== null ? address.port : this.#options.port;
    return `tls://${bracketed(this.#options.host)}:${port}`;
  }

  async next(count: number, errand: PreparedErrand, signal?: AbortSignal): Promise<readonly WorkerLink[]> {
    while (this.#waiting.size < count) await this.#arrival(signal);
    const agents = [...this.#waiting].slice(0, count);
    for (const agent of agents) this.#waiting.delete(agent);
    const stop = (): void => {
      for (const agent of agents) agent.close();
    };
    signal?.addEventListener('abort', stop, { once: true });
    const links = await Promise.all(agents.map((agent) => agent.prepare(errand)));
    signal?.removeEventListener('abort', stop);
    signal?.throwIfAborted();
    return links.flat();
  }

  close(): void {
    this.#server.close();
    for (const agent of this.#waiting) agent.close();
    for (const socket of this.#strangers.values()) socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #arrival(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = (): void => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#onArrival = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
    });
  }

  #onConnection(socket: Socket): void {
    const address = addressOf(socket);
    this.#strangers.set(address, socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      if (this.#strangers.get(address) === socket) this.#strangers.delete(address);
    });
    if (this.#strangers.size <= strangersMax) return;
    const [oldest] = this.#strangers;
    if (oldest === undefined) return;
    this.#strangers.delete(oldest[0]);
    oldest[1].destroy();
  }

  #onSecure(socket: TLSSocket): void {
    const address = addressOf(socket);
    this.#strangers.delete(address);
    socket.setNoDelay(true);
    const channel = new Channel<ToAgent, FromAgent>(socket, this.#clock);
    const sendAway = (because: string): void => {
      this.#turnAway(address, because);
      channel.send({ kind: 'turned away', because });
      channel.close();
    };
    const timer = this.#clock.setTimer(() => sendAway('it did not say who it is'), handshakeLimitMs);
    channel.onEnd((because) => {
      timer.cancel();
      this.#turnAway(address, because);
    });
    channel.receive((message) => {
      timer.cancel();
      const because = this.#whyNot(message);
      if (because === undefined) this.#admit((message as { readonly name: string }).name, channel);
      else sendAway(because);
    });
  }

  #whyNot(message: unknown): string | undefined {
    const hello = readHello(message);
    if (!hello.ok)
      return hello.problems.map(({ path, message: what }) => `${formatPath(path)} ${what}`).join('; ');
    const { loadline } = thisEnvironment(0);
    if (hello.value.version !== loadline)
      return `it runs Loadline ${hello.value.version}, and the run is conducted by ${loadline}`;
    if (this.#waiting.size >= agentsMax) return `${agentsMax} agents wait already`;
    return undefined;
  }

  #admit(name: string, channel: Channel<ToAgent, FromAgent>): void {
    const agent = new RemoteAgent(this.#unused(name), channel, {
      clock: this.#clock,
      onEnd: () => {
        this.#waiting.delete(agent);
        this.#options.onWaiting?.(this.#waiting.size);
      },
    });
    this.#waiting.add(agent);
    this.#options.onWaiting?.(this.#waiting.size);
    this.#onArrival();
  }

  /** Two agents of a machine have its name: the second one gets a number. */
  #unused(name: string): string {
    const names = new Set([...this.#waiting].map((agent) => agent.name));
    let unused = `agent ${name}`;
    for (let number = 2; names.has(unused); number++) unused = `agent ${name} (${number})`;
    return unused;
  }

  #turnAway(address: string, because: string): void {
    this.#options.onTurnedAway?.(address, because);
  }
}

/** Of connections that have not yet shown that they know the token. */
const strangersMax = 64;
const agentsMax = 1000;

function addressOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? 'somebody'}:${remotePort ?? 0}`;
}

async function listen(server: Server, { host, port }: ListenOptions): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (cause) {
    throw loadError(
      'LOAD_LISTEN_FAILED',
      `Cannot listen for agents on ${host}:${port}: ${(cause as Error).message}. Give an address of this machine and a free port.`,
      {
        cause,
        facts: { host, port },
      },
    );
  }
}

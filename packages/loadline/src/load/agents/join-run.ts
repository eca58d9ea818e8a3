import { connect, TLSSocket } from 'node:tls';
import {
  type AddressPolicy,
  type Clock,
  ended,
  formatPath,
  isLoadlineError,
  unbracketed,
} from '../../base/index.ts';
import { thisEnvironment } from '../environment.ts';
import { loadError } from '../errors.ts';
import { holdsCode } from '../file/files-of.ts';
import { readLoadPlan } from '../file/read-plan.ts';
import type { LoadPlan } from '../plan.ts';
import { resolveRedirectHosts, resolveTarget } from '../target.ts';
import type { WorkerLink } from '../workers/link.ts';
import type { WorkerData } from '../workers/worker-process.ts';
import { agentTls, handshakeLimitMs, whyRefused } from './agent-key.ts';
import { Channel } from './channel.ts';
import { IncomingFiles } from './incoming-files.ts';
import { type Errand, type FromAgent, readErrand, type ToAgent } from './messages.ts';

export interface JoinOptions {
  /** Of `deriveKey`. */
  readonly key: Buffer;
  readonly name: string;
  readonly clock: Clock;
  /** Hosts outside of this machine and private networks that this agent may load, if the run allows them too. */
  readonly allowHosts: readonly string[];
  /** Whether it runs scenarios that are code. */
  readonly allowsScripts: boolean;
  readonly startWorkers: (plan: LoadPlan, data: WorkerData) => readonly WorkerLink[];
  /** What the agent does, for people. */
  readonly tell: (line: string) => void;
}

/**
 * How an agent's part in a run ended. `over`: as the run did. `unfit`: it could not prepare its part. `lost`: the
 * one who conducts was gone. `absent`: nobody was there.
 */
export interface JoinEnd {
  readonly kind: 'over' | 'unfit' | 'lost' | 'absent';
  readonly because: string;
}

/**
 * Joins whoever conducts at an address, waits for one run and takes part in it. When the connection ends, for
 * whatever reason, so does the load; nothing is left in the temporary folder.
 *
 * @throws LOAD_AGENT_REFUSED where trying again would not help; the signal's reason.
 */
export async function joinRun(url: URL, options: JoinOptions, signal: AbortSignal): Promise<JoinEnd> {
  const socket = await dial(url, options, signal);
  if (!(socket instanceof TLSSocket)) return socket;
  return await new Guest(new Channel(socket, options.clock), options).stay(signal);
}

/** An agent at one conductor. */
class Guest {
  readonly #channel: Channel<FromAgent, ToAgent>;
  readonly #options: JoinOptions;
  #errand: Errand | undefined;
  #files: IncomingFiles | undefined;
  #preparing: Promise<void> | undefined;
  #workers: readonly WorkerLink[] = [];
  #hasLeft = false;
  #leave: (end: JoinEnd | Error) => void = () => undefined;

  constructor(channel: Channel<FromAgent, ToAgent>, options: JoinOptions) {
    this.#channel = channel;
    this.#options = options;
  }

  async stay(signal: AbortSignal): Promise<JoinEnd> {
    const left = new Promise<JoinEnd | Error>((resolve) => {
      this.#leave = resolve;
    });
    const onAbort = (): void => this.#leave(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#channel.onEnd((because) => this.#leave({ kind: 'lost', because }));
    this.#channel.receive((message) => this.#onMessage(message));
    this.#channel.send({ kind: 'hello', version: thisEnvironment(0).loadline, name: this.#options.name });
    const end = await left;
    this.#hasLeft = true;
    signal.removeEventListener('abort', onAbort);
    this.#channel.close();
    for (const worker of this.#workers) worker.close();
    await this.#preparing;
    await this.#files?.[Symbol.asyncDispose]();
    if (end instanceof Error) throw end;
    return end;
  }

  #onMessage(message: ToAgent): void {
    switch (message.kind) {
      case 'turned away':
        this.#leave(refused(`it was turned away: ${message.because}`));
        break;
      case 'errand':
        this.#attempt(() => this.#take(message.errand));
        break;
      case 'piece':
        this.#attempt(() => this.#files?.write(message.file, message.bytes));
        break;
      case 'to':
        this.#workers[message.worker]?.send(message.message);
        break;
      case 'close':
        this.#workers[message.worker]?.close();
        break;
      case 'over':
        this.#leave({ kind: 'over', because: 'the run is over' });
        break;
    }
  }

  /** Does a part of the preparation; after the last one the workers can start. */
  #attempt(prepare: () => void): void {
    if (this.#hasLeft || this.#preparing !== undefined) return;
    try {
      prepare();
      if (this.#errand !== undefined && this.#files?.isComplete)
        this.#preparing = this.#start(this.#errand, this.#files).catch((error) => this.#refuse(error));
    } catch (error) {
      this.#refuse(error as Error);
    }
  }

  #take(value: unknown): void {
    const errand = readErrand(value);
    if (!errand.ok)
      throw new Error(
        errand.problems.map(({ path, message }) => `${formatPath(path)} ${message}`).join('; '),
      );
    if (this.#errand !== undefined) throw new Error('there is an errand already');
    this.#errand = errand.value;
    this.#files = new IncomingFiles(errand.value.files);
  }

  async #start(errand: Errand, files: IncomingFiles): Promise<void> {
    const file = files.pathOf(errand.scenario);
    if (!this.#options.allowsScripts && (await holdsCode(file)))
      throw new Error(
        'the scenario is code, which this agent runs only where it was started with --allow-scripts',
      );
    const choice = { ...errand.choice, env: errand.env };
    const plan = await readLoadPlan(file, choice);
    const policy = policyFor(errand, this.#options);
    const address = await resolveTarget(plan.target, policy);
    const redirectHosts = await resolveRedirectHosts(plan.target, address, policy);
    if (this.#hasLeft) return;
    const protocol = { ...errand.protocol, redirectHosts };
    this.#workers = this.#options.startWorkers(plan, { file, choice, address, protocol });
    for (const [worker, link] of this.#workers.entries()) {
      link.receive((message) => this.#channel.send({ kind: 'from', worker, message }));
      link.onLost((because) => this.#channel.send({ kind: 'lost', worker, because }));
    }
    this.#channel.send({ kind: 'prepared', workers: this.#workers.length });
    this.#options.tell(`Taking part in ${JSON.stringify(plan.name)}: loads ${plan.target}.`);
  }

  #refuse(error: Error): void {
    const hint = isLoadlineError(error, 'LOAD_TARGET_REFUSED')
      ? ' Agents have an --allow-host of their own.'
      : '';
    const because = `${error.message}${hint}`;
    this.#channel.send({ kind: 'refused', because });
    this.#leave({ kind: 'unfit', because });
  }
}

/** Loopback and private networks; beyond them only what both the run and this agent allow. */
function policyFor(errand: Errand, { allowHosts }: JoinOptions): AddressPolicy {
  return {
    allowLoopback: true,
    allowPrivate: true,
    allowHosts: errand.allowHosts.filter((host) => allowHosts.includes(host)),
  };
}

/** Opens the connection, on which the other side has shown by then that it knows the token. */
function dial(url: URL, { key, clock }: JoinOptions, signal: AbortSignal): Promise<TLSSocket | JoinEnd> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const host = unbracketed(url.hostname);
    const socket = connect({ host, port: Number(url.port), ...agentTls(key) });
    const settle = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError);
    };
    const fail = (outcome: () => void): void => {
      settle();
      socket.on('error', () => undefined).destroy();
      outcome();
    };
    const onAbort = (): void => fail(() => reject(signal.reason));
    const onError = (error: Error): void => {
      const because = whyRefused(error);
      if (because !== undefined) fail(() => reject(refused(because)));
      else fail(() => resolve({ kind: 'absent', because: error.message }));
    };
    const timer = clock.setTimer(() => onError(new Error('it did not answer')), handshakeLimitMs);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError).once('secureConnect', () => {
      settle();
      resolve(socket.setNoDelay(true));
    });
  });
}

function refused(because: string): Error {
  return loadError('LOAD_AGENT_REFUSED', ended(`Cannot lend this machine: ${because}`), {
    facts: { because },
  });
}

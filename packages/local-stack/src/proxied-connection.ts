import { connect, type Socket } from 'node:net';
import { type Clock, createRandom } from 'loadline/base';
import { createCorruptor } from './corruptor.ts';
import { type Fault, faultOn } from './fault.ts';
import { Lane, type LaneOptions } from './lane.ts';

/** Where a connection goes: a port (`host` is 127.0.0.1 by default), or a Unix socket. */
export type ProxyTarget = { readonly host?: string; readonly port: number } | { readonly path: string };

/** What all connections of a proxy count together. */
export interface Passed {
  targetFailures: number;
  upstreamBytes: number;
  downstreamBytes: number;
  corruptedBytes: number;
}

export interface ProxiedConnectionOptions {
  readonly target: ProxyTarget;
  readonly fault: Fault | undefined;
  readonly seed: string;
  readonly bufferBytesMax: number;
  readonly clock: Clock;
  readonly passed: Passed;
  readonly onClosed: () => void;
}

/** A client's connection, the one to the target that belongs to it, and a lane for each direction. */
export class ProxiedConnection {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #clock: Clock;
  readonly #resetTarget: () => void;
  readonly #upstream: Lane;
  readonly #downstream: Lane;

  constructor(client: Socket, options: ProxiedConnectionOptions) {
    const { passed } = options;
    // A Unix socket knows no reset.
    const isLocal = 'path' in options.target;
    this.#resetTarget = () => (isLocal ? this.#target.destroy() : this.#target.resetAndDestroy());
    this.#clock = options.clock;
    this.#client = client;
    this.#target = connectTo(options.target, () => passed.targetFailures++);
    this.#upstream = new Lane(client, this.#target, faultOn('upstream', options.fault), {
      ...laneOptions('upstream', options),
      resetTarget: this.#resetTarget,
      onPassed: (bytes, corrupted) => {
        passed.upstreamBytes += bytes;
        passed.corruptedBytes += corrupted;
      },
    });
    this.#downstream = new Lane(this.#target, client, faultOn('downstream', options.fault), {
      ...laneOptions('downstream', options),
      resetTarget: () => client.resetAndDestroy(),
      onPassed: (bytes, corrupted) => {
        passed.downstreamBytes += bytes;
        passed.corruptedBytes += corrupted;
      },
    });
    for (const socket of [client, this.#target]) {
      socket.on('close', () => {
        if (client.closed && this.#target.closed) options.onClosed();
      });
    }
  }

  get heldBytes(): number {
    return this.#upstream.heldBytes + this.#downstream.heldBytes;
  }

  act(fault: Fault | undefined): void {
    if (fault?.kind === 'reset') this.reset();
    if (fault?.kind === 'cut') this.#cut();
    this.#upstream.act(faultOn('upstream', fault));
    this.#downstream.act(faultOn('downstream', fault));
  }

  reset(): void {
    this.#closeLanes();
    this.#client.resetAndDestroy();
    this.#resetTarget();
  }

  /** What was held is lost; both sides see an end, and have a moment to end in turn. */
  #cut(): void {
    this.#closeLanes();
    for (const socket of [this.#client, this.#target]) {
      socket.end();
      // Not the socket's own timeout: that waits for silence, and who sends all the time is never silent.
      const timer = this.#clock.setTimer(() => socket.destroy(), endLimitMs);
      socket.once('close', () => timer.cancel());
    }
  }

  #closeLanes(): void {
    this.#upstream.close();
    this.#downstream.close();
  }
}

const connectLimitMs = 10_000;
const endLimitMs = 1000;

function connectTo(target: ProxyTarget, onFailure: () => void): Socket {
  const address = 'path' in target ? target : { host: target.host ?? '127.0.0.1', port: target.port };
  const socket = connect({ ...address, allowHalfOpen: true, noDelay: true });
  socket.setTimeout(connectLimitMs, () => socket.destroy(new Error('the target did not answer in time')));
  socket.once('error', onFailure);
  socket.once('connect', () => {
    socket.off('error', onFailure);
    socket.setTimeout(0);
  });
  return socket;
}

function laneOptions(
  direction: 'upstream' | 'downstream',
  { seed, clock, bufferBytesMax }: ProxiedConnectionOptions,
): Omit<LaneOptions, 'onPassed' | 'resetTarget'> {
  return {
    clock,
    bufferBytesMax,
    random: createRandom(`${seed} ${direction} jitter`),
    corrupt: createCorruptor(createRandom(`${seed} ${direction} corruption`)),
  };
}

import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../base/index.ts';
import { SilenceWatch } from '../workers/silence-watch.ts';
import { encodeFrame, FrameReader, frameBytesMax, signOfLife } from './frames.ts';

/**
 * Messages both ways over a stream, until it ends. Each side gives a sign of life once a second, and takes five
 * seconds without any for the end: a machine that has lost its power closes no connection.
 */
export class Channel<Sent, Received> {
  readonly #stream: Duplex;
  readonly #clock: Clock;
  readonly #frames = new FrameReader();
  readonly #silence: SilenceWatch;
  #handler: ((message: Received) => void) | undefined;
  #onEnd: ((because: string) => void) | undefined;
  #endedBecause: string | undefined;
  #lifeTimer: Timer | undefined;

  constructor(stream: Duplex, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    this.#silence = new SilenceWatch(clock, silenceLimitMs, (silentMs) =>
      this.end(`it was silent for ${Math.round(silentMs / 1000)} s`),
    );
    stream.on('error', (error) => this.end(error.message));
    stream.on('end', () => this.end('it closed the connection'));
    stream.on('close', () => this.end('its connection broke'));
    this.#giveSigns();
  }

  /** Sends, or does nothing where the channel has ended. One who takes nothing is cut off. */
  send(message: Sent): void {
    if (this.#endedBecause !== undefined) return;
    this.#stream.write(encodeFrame(message));
    if (this.#stream.writableLength > waitingBytesMax) this.end('it took nothing of what was sent');
  }

  /** Resolves when little of what was sent is still waiting to go, or when the channel has ended. */
  flushed(): Promise<void> {
    if (!this.#stream.writableNeedDrain || this.#endedBecause !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        this.#stream.off('drain', done).off('close', done);
        resolve();
      };
      const timer = this.#clock.setTimer(() => this.end('it took nothing of what was sent'), flushLimitMs);
      this.#stream.once('drain', done).once('close', done);
    });
  }

  get hasEnded(): boolean {
    return this.#endedBecause !== undefined;
  }

  /** Hands the messages over from now on; whoever does so again takes the place of the one before. */
  receive(handler: (message: Received) => void): void {
    const isFirst = this.#handler === undefined;
    this.#handler = handler;
    if (!isFirst) return;
    this.#silence.start();
    this.#stream.on('data', (piece: Buffer) => this.#onData(piece));
  }

  /** Calls back once when the channel has ended by the other side or a fault, not after `close`. */
  onEnd(handler: (because: string) => void): void {
    this.#onEnd = handler;
    if (this.#endedBecause !== undefined) handler(this.#endedBecause);
  }

  /** Ends the channel; what was sent still goes out where the other side takes it soon. */
  close(): void {
    this.#onEnd = undefined;
    this.end('it was closed');
  }

  /** Ends the channel because of the other side, as if it had gone. */
  end(because: string): void {
    if (this.#endedBecause !== undefined) return;
    this.#endedBecause = because;
    this.#lifeTimer?.cancel();
    this.#silence.stop();
    this.#stream.end();
    const timer = this.#clock.setTimer(() => this.#stream.destroy(), farewellMs);
    this.#stream.once('close', () => timer.cancel());
    this.#stream.resume();
    this.#onEnd?.(because);
  }

  #onData(piece: Buffer): void {
    if (this.#endedBecause !== undefined) return;
    this.#silence.heard();
    try {
      for (const message of this.#frames.push(piece)) {
        if (this.#endedBecause !== undefined) return;
        this.#handler?.(message as Received);
      }
    } catch (error) {
      this.end(`it sent what cannot be understood: ${(error as Error).message}`);
    }
  }

  #giveSigns(): void {
    this.#lifeTimer = this.#clock.setTimer(() => {
      // What waits is sign enough, and more of it would only wait as well.
      if (!this.#stream.writableNeedDrain) this.#stream.write(signOfLife);
      this.#giveSigns();
    }, lifeMs);
  }
}

const lifeMs = 1000;
/** Of an agent that waits, or reads its files: while load is made, workers and conductor are stricter. */
const silenceLimitMs = 5000;
/** One who takes less than the largest message keeps up with nothing. */
const waitingBytesMax = 2 * frameBytesMax;
const flushLimitMs = 30_000;
const farewellMs = 1000;

import { Readable } from 'node:stream';
import type { Topic } from './topics.ts';

/** What waits for one follower, in bytes; its connection holds some more. */
const waitingBytesMax = 262_144;

export interface FollowerOptions {
  readonly topics: ReadonlySet<Topic>;
  readonly keyId: string;
  /** Whether its key, and its session, still open this door. */
  readonly mayStay: () => boolean;
  /** Somebody reads it now: gives what comes first. Comes once, and not where only its head was asked for. */
  readonly onStart: (follower: Follower) => string;
  /** Comes once, and only to one that has begun. */
  readonly onEnd: (follower: Follower) => void;
}

/** One who follows: what it was told and has not read yet waits here, up to a limit; then it is cut off. */
export class Follower {
  readonly topics: ReadonlySet<Topic>;
  readonly keyId: string;
  readonly stream: Readable;
  readonly #mayStay: () => boolean;
  #hasBegun = false;

  constructor({ topics, keyId, mayStay, onStart, onEnd }: FollowerOptions) {
    this.topics = topics;
    this.keyId = keyId;
    this.#mayStay = mayStay;
    this.stream = new Readable({
      read: () => {
        if (this.#hasBegun) return;
        this.#hasBegun = true;
        this.stream.push(onStart(this));
      },
      destroy: (error, done) => {
        if (this.#hasBegun) onEnd(this);
        done(error);
      },
    });
  }

  get mayStay(): boolean {
    return this.#mayStay();
  }

  /** False where too much waits already: then it is cut off. */
  tell(text: string): boolean {
    if (this.stream.destroyed || this.stream.readableEnded) return true;
    if (this.stream.readableLength + Buffer.byteLength(text) <= waitingBytesMax) {
      this.stream.push(text);
      return true;
    }
    this.stream.destroy(new Error('A live stream was cut off: its client does not read it.'));
    return false;
  }

  /** Lets out what waits, and ends. */
  end(): void {
    this.stream.push(null);
  }
}

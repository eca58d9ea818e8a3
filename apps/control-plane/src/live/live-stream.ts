import type { Readable } from 'node:stream';
import type { Clock, Timer } from 'loadline/base';
import { tooMany } from '../problems/index.ts';
import { eventText, greetingText, heartbeatText } from './event-text.ts';
import { Follower } from './follower.ts';
import { ReplayBuffer } from './replay-buffer.ts';
import { type Topic, topics } from './topics.ts';

/** Tells whoever follows. The port of those who have something to tell; never waits and never throws. */
export type Publish = (topic: Topic, data: unknown) => void;

export interface LiveOptions {
  readonly clock: Clock;
  /** Unlike that of any other run, so that events of another are known as such. */
  readonly run: string;
  readonly limits?: Partial<LiveLimits>;
}

export interface LiveLimits {
  readonly followersMax: number;
  readonly followersOfKeyMax: number;
}

export interface FollowRequest {
  readonly topics: ReadonlySet<Topic>;
  readonly keyId: string;
  /** Whether whoever asks may still do so. */
  readonly mayStay: () => boolean;
  /** The last that was heard, where it was cut short before. */
  readonly lastEventId?: string | undefined;
}

/** Since the start, and followers now. */
export interface LiveCounts {
  readonly followers: number;
  readonly events: number;
  /** Followers that did not read what they were told. */
  readonly cutOff: number;
  /** Events that were too large to be told. */
  readonly tooLarge: number;
}

const heartbeatMs = 15_000;
const eventCharactersMax = 65_536;
const defaultLimits: LiveLimits = { followersMax: 500, followersOfKeyMax: 10 };
const kept = { eventsMax: 1000, charactersMax: 1_048_576 };

/**
 * Tells everybody who follows what happens, as it happens. An event of a topic that is kept has a number; who comes back
 * with the last one that it heard gets what came since, or is told that there is a gap.
 */
export class LiveStream {
  readonly #clock: Clock;
  readonly #run: string;
  readonly #limits: LiveLimits;
  readonly #followers = new Set<Follower>();
  readonly #buffer = new ReplayBuffer(kept);
  #sequence = 0;
  #counts = { events: 0, cutOff: 0, tooLarge: 0 };
  #heartbeat: Timer | undefined;
  #isClosed = false;

  constructor({ clock, run, limits }: LiveOptions) {
    this.#clock = clock;
    this.#run = run;
    this.#limits = { ...defaultLimits, ...limits };
  }

  get counts(): LiveCounts {
    return { followers: this.#followers.size, ...this.#counts };
  }

  /** Whether anybody would hear of it. */
  isFollowed(topic: Topic): boolean {
    return [...this.#followers].some((follower) => follower.topics.has(topic));
  }

  readonly publish: Publish = (topic, data) => {
    const json = JSON.stringify(data);
    if (json.length > eventCharactersMax) {
      this.#counts.tooLarge++;
      return;
    }
    const { isKept } = topics[topic];
    if (isKept) this.#sequence++;
    const text = eventText({
      ...(isKept ? { id: this.#idOf(this.#sequence) } : {}),
      event: topic,
      data: json,
    });
    if (isKept) this.#buffer.add({ sequence: this.#sequence, topic, text });
    this.#counts.events++;
    for (const follower of this.#followers) if (follower.topics.has(topic)) this.#tell(follower, text);
  };

  /**
   * What is told from now on, as a stream of server-sent events; it counts once somebody reads it.
   *
   * @throws CONTROL_PLANE_TOO_MANY
   */
  follow(request: FollowRequest): Readable {
    const { topics: asked, keyId, mayStay, lastEventId } = request;
    const { followersMax, followersOfKeyMax } = this.#limits;
    const ofKey = [...this.#followers].filter((follower) => follower.keyId === keyId).length;
    if (ofKey >= followersOfKeyMax) throw tooMany(`This key follows ${ofKey} times already.`, 30);
    if (this.#followers.size >= followersMax) throw tooMany(`${followersMax} follow already.`, 30);
    const follower = new Follower({
      topics: asked,
      keyId,
      mayStay,
      onStart: () => {
        this.#followers.add(follower);
        if (this.#isClosed) queueMicrotask(() => follower.end());
        this.#heartbeat ??= this.#beatLater();
        return `${greetingText}${this.#missedSince(lastEventId, asked)}`;
      },
      onEnd: () => this.#followers.delete(follower),
    });
    return follower.stream;
  }

  /** Everybody hears what waits, and that it is over. */
  close(): void {
    this.#isClosed = true;
    this.#heartbeat?.cancel();
    for (const follower of this.#followers) follower.end();
  }

  #tell(follower: Follower, text: string): void {
    if (!follower.tell(text)) this.#counts.cutOff++;
  }

  #beatLater(): Timer {
    return this.#clock.setTimer(() => {
      for (const follower of this.#followers) {
        if (follower.mayStay) this.#tell(follower, heartbeatText);
        else follower.end();
      }
      this.#heartbeat = this.#followers.size > 0 && !this.#isClosed ? this.#beatLater() : undefined;
    }, heartbeatMs);
  }

  #missedSince(lastEventId: string | undefined, asked: ReadonlySet<Topic>): string {
    if (lastEventId === undefined) return '';
    const sequence = this.#sequenceOf(lastEventId);
    // Of another run nothing is known, and not even how much it was.
    if (sequence === undefined) return this.#gapText({ reason: 'it is not known any more' }, this.#sequence);
    const { missed, events } = this.#buffer.after(sequence);
    const told = events.filter(({ topic }) => asked.has(topic)).map(({ text }) => text);
    const gap = { reason: 'there was no room for more', missed };
    return `${missed > 0 ? this.#gapText(gap, sequence + missed) : ''}${told.join('')}`;
  }

  #gapText(gap: { readonly reason: string; readonly missed?: number }, sequence: number): string {
    return eventText({ id: this.#idOf(sequence), event: 'gap', data: JSON.stringify(gap) });
  }

  #idOf(sequence: number): string {
    return `${this.#run}-${sequence}`;
  }

  #sequenceOf(id: string): number | undefined {
    const at = id.lastIndexOf('-');
    const sequence = /^\d{1,15}$/.test(id.slice(at + 1)) ? Number(id.slice(at + 1)) : Number.NaN;
    return id.slice(0, at) === this.#run && sequence <= this.#sequence ? sequence : undefined;
  }
}

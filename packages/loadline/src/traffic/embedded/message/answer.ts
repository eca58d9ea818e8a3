import type { DataSink } from './body-reader.ts';
import type { ResponseHead } from './response-head.ts';

/** Where an answer goes: to a client, into a cache, or to both. */
export interface Answer extends DataSink {
  /** Whether it takes no more for now; who reads for it waits until it is told that there is room. */
  readonly isFull: boolean;
  /** One that comes before the answer, like 100 or 103. */
  interim(head: ResponseHead): void;
  head(head: ResponseHead): void;
  end(trailers: string): void;
  /** What came in one piece is over: what was gathered leaves. */
  flush(): void;
  /** One that is there whole, and whose bytes stay as they are. */
  whole(head: ResponseHead, body: Buffer): void;
  /** There is no answer of an upstream: the proxy's own goes instead. Only before `head`. */
  refuse(problem: ProxyProblem): void;
  /** It broke behind its head: nothing may make it look whole. */
  cut(): void;
}

/** An answer of the proxy's own. */
export interface ProxyProblem {
  readonly status: number;
  /** What was wrong, for people. */
  readonly detail: string;
  /** When it is worth to ask again; absent where that would not help. */
  readonly retryAfterSeconds?: number;
}

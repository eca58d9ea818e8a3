/** How much a proxy keeps of answers. What may be kept, and for how long, is what the answers themselves say (RFC 9111). */
export interface CacheOptions {
  /** Of all bodies and heads that are kept. Default 64 MiB; the least recently used go first. */
  readonly bytesMax?: number;
  /** Longer answers are not kept. Default 1 MiB. */
  readonly entryBytesMax?: number;
  /** Requests that wait for one that fetches what they want too; further ones fetch for themselves. Default 1,000. */
  readonly waitersMax?: number;
}

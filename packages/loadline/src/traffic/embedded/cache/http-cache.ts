import type { Clock } from '../../../base/index.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { CacheOptions } from './cache-options.ts';
import { type CacheVerdict, createCacheJudge } from './cache-policy.ts';
import { bytesOf, type StoredAnswer } from './stored-answer.ts';

/** The answers that are kept, bounded by their bytes: who was not asked for longest goes first. */
export class HttpCache {
  readonly entryBytesMax: number;
  readonly waitersMax: number;
  /** Judges an answer to a request, to be kept or not. */
  readonly judge: ReturnType<typeof createCacheJudge>;
  readonly #clock: Clock;
  readonly #bytesMax: number;
  /** The least recently used key first; under each the answers to requests that differ in what `Vary` names. */
  readonly #answers = new Map<string, readonly StoredAnswer[]>();
  #bytes = 0;
  /** Keys whose last answer was not for others; the oldest first. */
  readonly #personal = new Set<string>();

  constructor(options: CacheOptions, clock: Clock) {
    this.#bytesMax = options.bytesMax ?? 64 * 1024 * 1024;
    this.entryBytesMax = Math.min(options.entryBytesMax ?? 1024 * 1024, this.#bytesMax);
    this.waitersMax = options.waitersMax ?? 1000;
    this.judge = createCacheJudge(clock);
    this.#clock = clock;
  }

  /** By the clock that judges. */
  now(): number {
    return this.#clock.now();
  }

  /** Of all that is kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The answer that is kept for this request, and how it may be used. */
  find(
    key: string,
    request: RequestHead,
  ):
    | { readonly stored: StoredAnswer; readonly use: Exclude<ReturnType<CacheVerdict['judge']>, 'another'> }
    | undefined {
    const variants = this.#answers.get(key);
    if (variants === undefined) return undefined;
    this.#answers.delete(key);
    this.#answers.set(key, variants);
    for (const stored of variants) {
      const use = stored.verdict.judge(request);
      if (use !== 'another') return { stored, use };
    }
    return undefined;
  }

  /** Keeps an answer in place of the one to the same request. */
  keep(key: string, request: RequestHead, answer: StoredAnswer): void {
    if (bytesOf(answer) > this.entryBytesMax) return;
    const others = (this.#answers.get(key) ?? []).filter(
      ({ verdict }) => verdict.judge(request) === 'another',
    );
    const variants = [answer, ...others].slice(0, variantsMax);
    this.forget(key);
    this.#personal.delete(key);
    this.#answers.set(key, variants);
    this.#bytes += sizeOf(variants);
    for (const oldest of this.#answers.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.forget(oldest);
    }
  }

  /** An answer was not for others: with the next ones of this key nobody waits for what he would not get. */
  markPersonal(key: string): void {
    this.#personal.delete(key);
    this.#personal.add(key);
    if (this.#personal.size <= personalMax) return;
    const [oldest] = this.#personal;
    this.#personal.delete(oldest as string);
  }

  isPersonal(key: string): boolean {
    return this.#personal.has(key);
  }

  /** What is kept under this key is not right any more. */
  forget(key: string): void {
    this.#bytes -= sizeOf(this.#answers.get(key) ?? []);
    this.#answers.delete(key);
  }
}

/** Answers under one key; with more, looking for the right one would take long. */
const variantsMax = 8;
const personalMax = 10_000;

function sizeOf(variants: readonly StoredAnswer[]): number {
  return variants.reduce((sum, each) => sum + bytesOf(each), 0);
}

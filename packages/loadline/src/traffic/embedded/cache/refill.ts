import type { Answer, ProxyProblem } from '../message/answer.ts';
import type { Handle, Handling, HandlingOwner, ProxiedRequest } from '../message/handling.ts';
import { pairsOf, selectLines } from '../message/lines.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';
import type { CacheVerdict } from './cache-policy.ts';
import type { HttpCache } from './http-cache.ts';
import { hasAlready, isForOneClient, notModified, type StoredAnswer, updatedLines } from './stored-answer.ts';

/** How a refill ended, for those who waited for it. */
export type Refilled =
  | {
      readonly kind: 'stored';
      readonly stored: StoredAnswer;
      readonly how: 'fetched' | 'validated' | 'stale';
    }
  | { readonly kind: 'refused'; readonly problem: ProxyProblem }
  /** It may not be kept, or it broke: everybody has to ask for himself. */
  | { readonly kind: 'not for others' };

export interface RefillOptions {
  readonly cache: HttpCache;
  readonly key: string;
  readonly request: ProxiedRequest;
  /** What is kept and may still be right. */
  readonly stored: StoredAnswer | undefined;
  readonly fetch: Handle;
  /** Whose request it is, and who hears the answer while it comes. Undefined when nobody waits. */
  readonly client: Answer | undefined;
  /** Called as soon as it is known that the answer is for nobody else. */
  readonly onPersonal: () => void;
  /** Called once, at the end. */
  readonly onDone: (refilled: Refilled, told: Told) => void;
}

/** What the client has heard. */
export interface Told {
  /** All, but for the rest; else nothing. */
  readonly isTold: boolean;
  /** What a slow client has not taken yet. */
  readonly rest: { readonly body: Buffer; readonly trailers: string } | undefined;
}

/**
 * Fetches one answer for all who want it: hands it to the client who asked first while it comes, and collects it to
 * be kept. It goes on when that client leaves, because others may wait.
 */
export class Refill implements Answer, HandlingOwner {
  readonly #options: RefillOptions;
  readonly #fetching: Handling;
  #client: Answer | undefined;
  #head: ResponseHead | undefined;
  /** What was collected; undefined where nothing is. */
  #parts: Buffer[] | undefined;
  #bytes = 0;
  /** What the client has not taken yet, in its order. */
  #owed: Buffer[] = [];
  #trailers = '';
  #outcome: Refilled = { kind: 'not for others' };
  #isToldClient = false;
  #isOutdated = false;
  #askedAtMs = 0;

  constructor(options: RefillOptions) {
    const { request, stored, fetch } = options;
    this.#options = options;
    this.#client = options.client;
    const head = unconditional(request.head, stored?.verdict.validators() ?? '');
    // Others may wait longer than the one who asked first.
    const fields = { ...head.fields, timeLeft: undefined };
    this.#fetching = fetch({ ...request, head: { ...head, fields } }, this, this);
  }

  start(): void {
    this.#askedAtMs = this.#options.cache.now();
    this.#fetching.start();
  }

  /** The client who asked first is gone. Who waits waits on; what is too long to be kept is of no use to anybody. */
  leave(): void {
    this.#client = undefined;
    this.#owed = [];
    if (this.#head !== undefined && this.#parts === undefined) this.#fetching.cancel();
    else this.#fetching.resumeAnswer();
  }

  /** What it fetches has been changed meanwhile: it is not kept, and nobody new may wait for it. */
  outdate(): void {
    this.#isOutdated = true;
  }

  resumeAnswer(): void {
    const client = this.#client;
    while (client !== undefined && this.#owed.length > 0 && !client.isFull) {
      const piece = this.#owed.shift() as Buffer;
      client.data(piece, 0, piece.length);
      client.flush();
    }
    if (!this.isFull) this.#fetching.resumeAnswer();
  }

  /** A slow client does not hold up those who wait: what is collected is bounded anyway. */
  get isFull(): boolean {
    return this.#parts === undefined && this.#isClientFull;
  }

  get #isClientFull(): boolean {
    return this.#client !== undefined && (this.#owed.length > 0 || this.#client.isFull);
  }

  interim(head: ResponseHead): void {
    this.#client?.interim(head);
  }

  head(head: ResponseHead): void {
    const { cache, stored } = this.#options;
    this.#head = head;
    if (stored !== undefined && head.status === 304) {
      this.#validated(stored, head);
      return;
    }
    if (stored !== undefined && head.status >= 500 && stored.verdict.mayServeOnError()) {
      this.#outcome = { kind: 'stored', stored, how: 'stale' };
      return;
    }
    const verdict = this.#judge(head.status, head.fields.lines);
    const isLong = typeof head.body === 'number' && head.body > cache.entryBytesMax;
    if (verdict.isStorable && !isLong) this.#parts = [];
    else this.#options.onPersonal();
    this.#tellHead(head);
  }

  data(bytes: Buffer, from: number, to: number): void {
    if (this.#outcome.kind === 'stored') return;
    const isLate = this.#isClientFull;
    if (!isLate) this.#client?.data(bytes, from, to);
    if (!isLate && this.#parts === undefined) return;
    const piece = Buffer.from(bytes.subarray(from, to));
    if (isLate) this.#owed.push(piece);
    this.#collect(piece);
  }

  #collect(piece: Buffer): void {
    if (this.#parts === undefined) return;
    this.#parts.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes <= this.#options.cache.entryBytesMax) return;
    this.#parts = undefined;
    this.#options.onPersonal();
  }

  flush(): void {
    this.#client?.flush();
  }

  end(trailers: string): void {
    const { cache, key, request } = this.#options;
    const { kind } = this.#outcome;
    if (kind === 'stored') return;
    this.#isToldClient = true;
    this.#trailers = trailers;
    if (this.#owed.length === 0) this.#client?.end(trailers);
    if (this.#parts === undefined || this.#head === undefined || this.#isOutdated) return;
    const { status, reason, fields } = this.#head;
    const verdict = this.#judge(status, fields.lines);
    const lines = selectLines(fields.lines, (name) => name !== 'age');
    const stored = { status, reason, lines, body: Buffer.concat(this.#parts), verdict };
    cache.keep(key, request.head, stored);
    this.#outcome = { kind: 'stored', stored, how: 'fetched' };
  }

  refuse(problem: ProxyProblem): void {
    const { stored } = this.#options;
    if (stored?.verdict.mayServeOnError() === true) this.#outcome = { kind: 'stored', stored, how: 'stale' };
    else {
      this.#outcome = { kind: 'refused', problem };
      this.#isToldClient = true;
      this.#client?.refuse(problem);
    }
  }

  cut(): void {
    if (this.#outcome.kind === 'stored') return;
    this.#isToldClient = true;
    this.#owed = [];
    this.#client?.cut();
  }

  whole(head: ResponseHead, body: Buffer): void {
    this.head(head);
    this.data(body, 0, body.length);
    this.end('');
  }

  resumeBody(): void {}

  onUpgraded(): void {}

  onStreamEnd(): void {}

  onFinished(): void {
    const isWhole = this.#owed.length === 0;
    const rest = isWhole ? undefined : { body: Buffer.concat(this.#owed), trailers: this.#trailers };
    this.#options.onDone(this.#outcome, { isTold: this.#isToldClient, rest });
  }

  #judge(status: number, lines: string): CacheVerdict {
    const { cache, request } = this.#options;
    return cache.judge(request.head, { status, lines, askedAtMs: this.#askedAtMs });
  }

  /** The client gets 304 where it has this one; what is collected is whole all the same. */
  #tellHead(head: ResponseHead): void {
    const client = this.#client;
    if (client === undefined) return;
    const { request } = this.#options;
    if (head.status !== 200 || !hasAlready(request.head, head.fields.lines)) {
      client.head(head);
      return;
    }
    const short = notModified(head.fields.lines);
    client.whole(short.head, short.body);
    this.#client = undefined;
  }

  #validated(stored: StoredAnswer, head: ResponseHead): void {
    const { cache, key, request } = this.#options;
    const fresh = head.fields.lines;
    const own = selectLines(fresh, isForOneClient);
    const lines = updatedLines(
      stored.lines,
      selectLines(fresh, (name) => !isForOneClient(name)),
    );
    const age = selectLines(fresh, (name) => name === 'age');
    const renewed = { ...stored, lines, verdict: this.#judge(stored.status, lines + age) };
    if (!this.#isOutdated) cache.keep(key, request.head, renewed);
    const told = { ...renewed, lines: lines + own };
    this.#outcome = { kind: 'stored', stored: told, how: 'validated' };
  }
}

/** The request without the client's own conditions, which are answered here, and with those of what is kept. HEAD fetches what GET would. */
function unconditional(head: RequestHead, validators: string): RequestHead {
  const names = new Set([...pairsOf(head.fields.lines)].map(([name]) => name));
  const isPlain = !names.has('if-none-match') && !names.has('if-modified-since');
  if (isPlain && validators === '') return { ...head, method: 'GET' };
  const lines = selectLines(head.fields.lines, (name) => !/^if-(?:none-match|modified-since)$/.test(name));
  return { ...head, method: 'GET', fields: { ...head.fields, lines: lines + validators } };
}

import type { Answer } from '../message/answer.ts';
import type { Handle, Handling, HandlingOwner, ProxiedRequest } from '../message/handling.ts';
import { valuesOf } from '../message/lines.ts';
import type { RequestHead } from '../message/request-head.ts';
import { hostOf } from './cache-policy.ts';
import type { HttpCache } from './http-cache.ts';
import { InvalidatingAnswer } from './invalidating-answer.ts';
import { Refill, type Refilled, type Told } from './refill.ts';
import { answerFrom, type StoredAnswer } from './stored-answer.ts';

/** How a request met the cache; for a count. */
export type CacheOutcome = 'hit' | 'stale' | 'validated' | 'waited' | 'miss' | 'bypass';

export interface CachingOptions {
  readonly cache: HttpCache;
  /** How an upstream is asked. */
  readonly fetch: Handle;
  readonly count: (outcome: CacheOutcome) => void;
}

/** Sees to requests by what is kept, and asks an upstream for the rest; for each thing that is missing once at a time. */
export function createCachedHandle(options: CachingOptions): Handle {
  const { cache, fetch, count } = options;
  const refills = new Map<string, RunningRefill>();
  return (request, answer, owner) => {
    const key = `${hostOf(request.head)}${request.head.target}`;
    if (isCacheable(request.head))
      return new CachedHandling({ ...options, refills, key }, request, answer, owner);
    count('bypass');
    const isSafe = /^(?:GET|HEAD|OPTIONS|TRACE)$/.test(request.head.method);
    const onChanged = (): void => {
      cache.forget(key);
      // What is on its way may be from before.
      refills.get(key)?.refill.outdate();
      refills.delete(key);
    };
    return fetch(request, isSafe ? answer : new InvalidatingAnswer(answer, onChanged), owner);
  };
}

interface RunningRefill {
  readonly refill: Refill;
  readonly waiting: Set<(refilled: Refilled) => void>;
}

interface CachedOptions extends CachingOptions {
  readonly key: string;
  readonly refills: Map<string, RunningRefill>;
}

class CachedHandling implements Handling {
  readonly #options: CachedOptions;
  readonly #request: ProxiedRequest;
  readonly #answer: Answer;
  readonly #owner: HandlingOwner;
  /** Where the cache does not help. */
  #direct: Handling | undefined;
  #refill: Refill | undefined;
  #stopWaiting: (() => void) | undefined;
  #isGone = false;
  /** What is kept and has not been written yet, while the client takes it. */
  #rest: Told['rest'];

  constructor(options: CachedOptions, request: ProxiedRequest, answer: Answer, owner: HandlingOwner) {
    this.#options = options;
    this.#request = request;
    this.#answer = answer;
    this.#owner = owner;
  }

  start(): void {
    const { cache, key, refills, count } = this.#options;
    const found = cache.find(key, this.#request.head);
    if (found !== undefined && found.use !== 'to be validated') {
      count(found.use === 'fresh' ? 'hit' : 'stale');
      if (found.use !== 'fresh' && !refills.has(key)) this.#begin(found.stored, undefined).start();
      this.#serve(found.stored);
      return;
    }
    if (/(?:^|[\s,])only-if-cached\b/i.test(controlOf(this.#request.head))) {
      this.#answer.refuse({ status: 504, detail: 'It is not in the cache, and only that was asked for.' });
      this.#owner.onFinished();
      return;
    }
    const running = refills.get(key);
    // Waiting is for what all want alike: HEAD has no body to share.
    const canWait =
      running !== undefined && !cache.isPersonal(key) && running.waiting.size < cache.waitersMax;
    if (canWait) this.#wait(running);
    else if (running !== undefined || this.#request.head.method === 'HEAD') this.#goAlone();
    else {
      this.#refill = this.#begin(found?.stored, this.#answer);
      this.#refill.start();
    }
  }

  get isBodyWhole(): boolean {
    return true;
  }

  get takesBody(): boolean {
    return this.#direct?.takesBody ?? true;
  }

  data(): void {}

  flushBody(): void {}

  endBody(): void {}

  endStream(): void {}

  resumeAnswer(): void {
    if (this.#rest !== undefined) this.#serveOn(this.#rest.body, this.#rest.trailers);
    this.#direct?.resumeAnswer();
    this.#refill?.resumeAnswer();
  }

  cancel(): void {
    this.#isGone = true;
    this.#rest = undefined;
    this.#direct?.cancel();
    this.#stopWaiting?.();
    this.#refill?.leave();
  }

  #begin(stored: StoredAnswer | undefined, client: Answer | undefined): Refill {
    const { cache, key, refills, fetch, count } = this.#options;
    const waiting = new Set<(refilled: Refilled) => void>();
    const refill = new Refill({
      cache,
      key,
      request: this.#request,
      stored,
      fetch,
      client,
      onPersonal: () => {
        cache.markPersonal(key);
        for (const tell of waiting) tell({ kind: 'not for others' });
        waiting.clear();
      },
      onDone: (refilled, told) => {
        if (refills.get(key)?.refill === refill) refills.delete(key);
        if (client !== undefined) {
          count(refilled.kind === 'stored' && refilled.how !== 'fetched' ? refilled.how : 'miss');
          this.#endRefill(refilled, told);
        }
        for (const tell of waiting) tell(refilled);
      },
    });
    refills.set(key, { refill, waiting });
    return refill;
  }

  #endRefill(refilled: Refilled, { isTold, rest }: Told): void {
    this.#refill = undefined;
    if (this.#isGone) return;
    if (rest !== undefined) this.#serveOn(rest.body, rest.trailers);
    else if (isTold || refilled.kind !== 'stored') this.#owner.onFinished();
    else this.#serve(refilled.stored);
  }

  #wait({ waiting }: RunningRefill): void {
    const tell = (refilled: Refilled): void => {
      const found = this.#options.cache.find(this.#options.key, this.#request.head);
      if (refilled.kind === 'refused') {
        this.#answer.refuse(refilled.problem);
        this.#owner.onFinished();
      } else if (
        found !== undefined &&
        (found.use !== 'to be validated' || isForWaiting(refilled, found.stored, this.#request.head))
      ) {
        this.#options.count('waited');
        this.#serve(found.stored);
      } else this.#goAlone();
    };
    waiting.add(tell);
    this.#stopWaiting = () => waiting.delete(tell);
  }

  #goAlone(): void {
    this.#options.count('miss');
    this.#direct = this.#options.fetch(this.#request, this.#answer, this.#owner);
    this.#direct.start();
  }

  #serve(stored: StoredAnswer): void {
    const { head, body } = answerFrom(stored, this.#request.head);
    if (body.length > pieceBytes) {
      this.#answer.head(head);
      this.#serveOn(body, '');
      return;
    }
    this.#answer.whole(head, body);
    this.#owner.onFinished();
  }

  /** In pieces: of one that is large it could not be seen whether a slow client takes anything. */
  #serveOn(body: Buffer, trailers: string): void {
    let at = 0;
    while (at < body.length && !this.#answer.isFull) {
      const to = Math.min(body.length, at + pieceBytes);
      this.#answer.data(body, at, to);
      this.#answer.flush();
      at = to;
    }
    this.#rest = at < body.length ? { body: body.subarray(at), trailers } : undefined;
    if (this.#rest !== undefined) return;
    this.#answer.end(trailers);
    this.#owner.onFinished();
  }
}

/**
 * Whether what has just come is for those who waited, though it is stale. Who asks for himself now would only ask again who has
 * just failed, or who takes longer than his answers keep.
 */
function isForWaiting(refilled: Refilled, { verdict }: StoredAnswer, asked: RequestHead): boolean {
  if (refilled.kind !== 'stored' || refilled.stored.verdict !== verdict) return false;
  return refilled.how === 'stale' || verdict.answersMeanwhile(asked);
}

const pieceBytes = 64 * 1024;

/** What the cache has a say in: GET and HEAD, whole, without a body, and not where the client forbids to keep it. */
function isCacheable(head: RequestHead): boolean {
  return (
    (head.method === 'GET' || head.method === 'HEAD') &&
    head.body === 0 &&
    !head.isUpgrade &&
    valuesOf(head.fields.lines, 'range').length === 0 &&
    !/(?:^|[\s,])no-store\b/i.test(controlOf(head))
  );
}

function controlOf(head: RequestHead): string {
  return valuesOf(head.fields.lines, 'cache-control').join(', ');
}

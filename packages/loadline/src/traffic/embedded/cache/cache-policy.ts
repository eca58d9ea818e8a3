import CachePolicy from 'http-cache-semantics';
import type { Clock } from '../../../base/index.ts';
import { isWrittenAnew } from '../message/fields.ts';
import { pairsOf } from '../message/lines.ts';
import type { RequestHead } from '../message/request-head.ts';

/** What RFC 9111 says of one answer that could be kept. */
export interface CacheVerdict {
  readonly isStorable: boolean;
  /** Seconds since it was made, as its `Age` goes on. */
  ageSeconds(): number;
  /** Whether it may answer this request, and whether it should be asked for anew. */
  judge(request: RequestHead): 'fresh' | 'stale, and refreshed meanwhile' | 'to be validated' | 'another';
  /** Whether it may answer this request, which came while it was fetched, though it may have taken all of its time to come. */
  answersMeanwhile(request: RequestHead): boolean;
  /** Whether it may answer although it is stale, because there is nothing better. */
  mayServeOnError(): boolean;
  /** The lines that ask whether it is still right; none where nothing identifies it. */
  validators(): string;
}

/** An answer that came, and when it was asked for. */
export interface CameAnswer {
  readonly status: number;
  readonly lines: string;
  /** Milliseconds since the epoch. */
  readonly askedAtMs: number;
}

/** Judges answers by the rules for a cache that many share. */
export function createCacheJudge(clock: Clock): (request: RequestHead, answer: CameAnswer) => CacheVerdict {
  class TimedPolicy extends CachePolicy {
    /** So old an answer may be when it is here: it was made after it had been asked for (RFC 9111, section 4.2.3). */
    delayMs = 0;

    /** The library asks the time of the machine. */
    now(): number {
      return clock.now();
    }

    override age(): number {
      return super.age() + this.delayMs / 1000;
    }
  }
  return (request, { status, lines, askedAtMs }) => {
    const headers = headersOf(lines);
    const control = headers['cache-control'] ?? '';
    const mustRevalidate = /(?:^|[\s,])(?:must-revalidate|proxy-revalidate|no-cache)\b/i.test(control);
    // What a sender allows himself beside it, as by stale-if-error, holds. A client alone cannot allow it.
    const forbidsMaxStale = mustRevalidate || /(?:^|[\s,])s-maxage\b/i.test(control);
    // The library validates such an answer each time, also while it is fresh. What it means for a stale one is said below.
    const policy = new TimedPolicy(
      policyRequest(request),
      { status, headers: { ...headers, 'cache-control': withoutRevalidate(control) } },
      // Without a word of the sender's nothing is fresh: what a service forgot to mark may be meant for one person.
      // `immutable` makes nothing fresh for longer (RFC 8246, section 2).
      { shared: true, cacheHeuristic: 0, immutableMinTimeToLive: 0 },
    );
    policy.delayMs = Math.max(0, clock.now() - askedAtMs);
    return {
      isStorable:
        policy.storable() &&
        (policy.maxAge() > 0 || validatorsOf(headers) !== '') &&
        !variesUnseen(headers.vary) &&
        // The library means that only of what is fresh; but validated by one, it would be handed to others as well.
        (headers['set-cookie'] === undefined || /(?:^|[\s,])public\b/i.test(control)),
      ageSeconds: () => Math.floor(policy.age()),
      judge(asked) {
        const result = policy.evaluateRequest(policyRequest(asked, forbidsMaxStale));
        if (result.response === undefined) return isSame(policy, asked) ? 'to be validated' : 'another';
        if (policy.stale() && mustRevalidate) return 'to be validated';
        return result.revalidation === undefined ? 'fresh' : 'stale, and refreshed meanwhile';
      },
      answersMeanwhile(asked) {
        const { delayMs } = policy;
        policy.delayMs = 0;
        const { response, revalidation } = policy.evaluateRequest(policyRequest(asked, forbidsMaxStale));
        policy.delayMs = delayMs;
        return response !== undefined && revalidation === undefined && !mustRevalidate;
      },
      mayServeOnError: () =>
        !mustRevalidate && policy.age() < policy.maxAge() + secondsOf(control, 'stale-if-error'),
      validators: () => validatorsOf(headers),
    };
  };
}

type Headers = Record<string, string>;

/** Of one host, however it is spelled. Names have no case, and 80 is the port that is meant where none is named. */
export function hostOf({ host = '' }: Pick<RequestHead, 'host'>): string {
  return host.toLowerCase().replace(/:(?:80)?$/, '');
}

/** HEAD is answered by what was kept of GET. */
function policyRequest(request: RequestHead, forbidsMaxStale = false): CachePolicy.HttpRequest {
  const { lines, forwardedHost, forwardedProto } = request.fields;
  const headers = headersOf(lines);
  const control = (headers['cache-control'] ?? '').toLowerCase();
  return {
    method: 'GET',
    url: request.target,
    headers: {
      ...headers,
      ...(control === ''
        ? {}
        : { 'cache-control': forbidsMaxStale ? control.replaceAll('max-stale', '') : control }),
      // What the upstream may be told of them is no line any more, and an answer may still hang on it.
      ...(forwardedHost === undefined ? {} : { 'x-forwarded-host': forwardedHost }),
      ...(forwardedProto === undefined ? {} : { 'x-forwarded-proto': forwardedProto }),
      host: hostOf(request),
    },
  };
}

/** Whether it hangs on lines that are another's for each client, or that the proxy writes anew: nobody could say for whom it is right. */
function variesUnseen(vary = ''): boolean {
  const names = vary.toLowerCase().split(',');
  return names.some((name) => isWrittenAnew(name.trim()) && !seenNames.has(name.trim()));
}

const seenNames = new Set(['host', 'x-forwarded-host', 'x-forwarded-proto']);

/** Whether it is the answer to this request, however old: with all that asks for a newer one left out. */
function isSame(policy: CachePolicy, asked: RequestHead): boolean {
  const { headers, ...request } = policyRequest(asked);
  const { 'cache-control': _, pragma: __, ...selecting } = headers;
  const anyAge = { ...selecting, 'cache-control': 'max-stale' };
  return policy.evaluateRequest({ ...request, headers: anyAge }).response !== undefined;
}

function headersOf(lines: string): Headers {
  const headers: Headers = {};
  for (const [name, value] of pairsOf(lines)) {
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return headers;
}

/** Of a directive that comes twice the first counts (RFC 9111, section 4.2.1); for the library it is the last. */
function withoutRevalidate(control: string): string {
  const parts = control.toLowerCase().split(',');
  const byName = new Map(parts.reverse().map((part) => [part.split('=')[0]?.trim(), part]));
  return [...byName]
    .filter(([name]) => name !== 'must-revalidate' && name !== 'proxy-revalidate')
    .map(([, part]) => part)
    .join(',');
}

function secondsOf(control: string, directive: string): number {
  return Number(new RegExp(`(?:^|[\\s,])${directive}="?(\\d{1,9})`, 'i').exec(control)?.[1] ?? 0);
}

function validatorsOf(headers: Headers): string {
  const { etag, 'last-modified': modified } = headers;
  return (
    (etag === undefined ? '' : `if-none-match: ${etag}\r\n`) +
    (modified === undefined ? '' : `if-modified-since: ${modified}\r\n`)
  );
}

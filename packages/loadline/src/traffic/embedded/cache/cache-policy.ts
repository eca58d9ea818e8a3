import CachePolicy from 'http-cache-semantics';
import type { Clock } from '../../../base/index.ts';
import { pairsOf } from '../message/lines.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { ResponseHead } from '../message/response-head.ts';

/** What RFC 9111 says of one answer that could be kept. */
export interface CacheVerdict {
  readonly isStorable: boolean;
  /** Seconds since it was made, as its `Age` goes on. */
  ageSeconds(): number;
  /** Whether it may answer this request, and whether it should be asked for anew. */
  judge(request: RequestHead): 'fresh' | 'stale, and refreshed meanwhile' | 'to be validated' | 'another';
  /** Whether it may answer although it is stale, because there is nothing better. */
  mayServeOnError(): boolean;
  /** The lines that ask whether it is still right; none where nothing identifies it. */
  validators(): string;
}

/** Judges answers by the rules for a cache that many share. */
export function createCacheJudge(
  clock: Clock,
): (request: RequestHead, response: Pick<ResponseHead, 'status'>, lines: string) => CacheVerdict {
  /** The library asks the time of the machine. */
  class TimedPolicy extends CachePolicy {
    now(): number {
      return clock.now();
    }
  }
  return (request, { status }, lines) => {
    const headers = headersOf(lines);
    const control = headers['cache-control'] ?? '';
    const mustRevalidate = /(?:^|[\s,])(?:must-revalidate|proxy-revalidate|no-cache)\b/i.test(control);
    // The library validates such an answer each time, also while it is fresh. What it means for a stale one is said below.
    const policy = new TimedPolicy(
      policyRequest(request),
      { status, headers: { ...headers, 'cache-control': withoutRevalidate(control) } },
      // Without a word of the sender's nothing is fresh: what a service forgot to mark may be meant for one person.
      { shared: true, cacheHeuristic: 0 },
    );
    return {
      isStorable:
        policy.storable() &&
        (policy.maxAge() > 0 || validatorsOf(headers) !== '') &&
        // The library means that only of what is fresh; but validated by one, it would be handed to others as well.
        (headers['set-cookie'] === undefined || /(?:^|[\s,])public\b/i.test(control)),
      ageSeconds: () => Math.floor(policy.age()),
      judge(asked) {
        const result = policy.evaluateRequest(policyRequest(asked));
        if (result.response === undefined) return isSame(policy, asked) ? 'to be validated' : 'another';
        if (policy.stale() && mustRevalidate) return 'to be validated';
        return result.revalidation === undefined ? 'fresh' : 'stale, and refreshed meanwhile';
      },
      mayServeOnError: () =>
        !mustRevalidate && policy.age() < policy.maxAge() + secondsOf(control, 'stale-if-error'),
      validators: () => validatorsOf(headers),
    };
  };
}

type Headers = Record<string, string>;

/** HEAD is answered by what was kept of GET. */
function policyRequest(request: RequestHead): CachePolicy.HttpRequest {
  const headers = { ...headersOf(request.fields.lines), host: request.host ?? '' };
  return { method: 'GET', url: request.target, headers };
}

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

function withoutRevalidate(control: string): string {
  return control
    .split(',')
    .filter((part) => !/^\s*(?:must|proxy)-revalidate\s*$/i.test(part))
    .join(',')
    .toLowerCase();
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

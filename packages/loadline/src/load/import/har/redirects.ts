import type { Answer, Exchange } from './recording.ts';
import { headerOf } from './recording.ts';

/** An exchange with what its redirects led to. */
export interface Visit extends Exchange {
  /** In order: that of the request itself, then those of the redirects that a user follows. */
  readonly answers: readonly Answer[];
  /** Whether the last answer is a redirect that nobody may follow, as to another host. */
  readonly endsInRedirect: boolean;
}

/**
 * Puts redirects together with what they led to, since users of Loadline follow them by themselves: written as
 * requests of their own they would be made twice, and where a redirect names what has just been created, the
 * recorded address would be wrong.
 */
export function foldRedirects(exchanges: readonly Exchange[]): Visit[] {
  const followed = new Set<Exchange>();
  return exchanges.flatMap((exchange, at) => {
    if (followed.has(exchange)) return [];
    const chain = [exchange];
    let next = followUp(exchanges, at, exchange, followed);
    while (next !== undefined && chain.length <= redirectsMax) {
      followed.add(next);
      chain.push(next);
      next = followUp(exchanges, at, next, followed);
    }
    const last = chain.at(-1) as Exchange;
    return [
      {
        ...exchange,
        endedMs: Math.max(...chain.map((each) => each.endedMs)),
        answer: last.answer,
        answers: chain.map((each) => each.answer),
        endsInRedirect: locationOf(last) !== undefined,
      },
    ];
  });
}

/** As many as a user follows. */
const redirectsMax = 10;
/** Parallel requests may stand in between. */
const lookAhead = 100;

function followUp(
  exchanges: readonly Exchange[],
  at: number,
  from: Exchange,
  followed: ReadonlySet<Exchange>,
): Exchange | undefined {
  const location = locationOf(from);
  if (location === undefined) return undefined;
  return exchanges
    .slice(at + 1, at + 1 + lookAhead)
    .find(
      (each) =>
        each.url.href === location &&
        each !== from &&
        !followed.has(each) &&
        each.startedMs >= from.startedMs,
    );
}

function locationOf({ url, answer }: Exchange): string | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.status ?? 0)) return undefined;
  const location = headerOf(answer.headers, 'location');
  if (location === undefined || location === '' || !URL.canParse(location, url.href)) return undefined;
  const to = new URL(location, url.href);
  // A fragment of the first address goes on to the second, and is never sent.
  to.hash = '';
  return to.href;
}

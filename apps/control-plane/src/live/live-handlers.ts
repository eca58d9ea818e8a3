import type { Handlers, Requester } from '../contract/index.ts';
import { Problem } from '../problems/index.ts';
import type { LiveStream } from './live-stream.ts';
import { parseTopics } from './topics.ts';

/** Answers whoever wants to follow what happens. */
export function liveHandlers(options: {
  readonly live: LiveStream;
  /** Whether a key, and the session that stands for it, still open anything. */
  readonly isWelcome: (who: Requester) => boolean;
}): Pick<Handlers, 'streamLive'> {
  const { live, isWelcome } = options;
  return {
    async streamLive({ query, headers, who }) {
      const parsed = parseTopics(query.topics);
      if (!parsed.ok) {
        const errors = [{ in: 'query', pointer: '/topics', detail: parsed.problem }] as const;
        throw new Problem('CONTROL_PLANE_REQUEST_INVALID', `/topics ${parsed.problem}.`, { errors });
      }
      const text = live.follow({
        topics: parsed.topics,
        keyId: who?.keyId ?? 'nobody',
        mayStay: () => who !== undefined && isWelcome(who),
        lastEventId: headers['last-event-id'],
      });
      return {
        status: 200,
        text,
        contentType: 'text/event-stream',
        // A proxy that collects what it hands on would hand on nothing.
        headers: { 'x-accel-buffering': 'no' },
      };
    },
  };
}

import type { Clock } from 'loadline/base';
import type { LiveStream } from './live-stream.ts';
import type { Topic } from './topics.ts';

/** Tells of something that is looked up, now and then, as long as somebody follows it. Ends what it gives back. */
export function feedLive(
  live: Pick<LiveStream, 'isFollowed' | 'publish'>,
  feed: {
    readonly clock: Clock;
    readonly topic: Topic;
    readonly everyMs: number;
    readonly read: () => unknown;
  },
): { close(): void } {
  const { clock, topic, everyMs, read } = feed;
  const look = (): void => {
    if (live.isFollowed(topic)) live.publish(topic, read());
    timer = clock.setTimer(look, everyMs);
  };
  let timer = clock.setTimer(look, everyMs);
  return { close: () => timer.cancel() };
}

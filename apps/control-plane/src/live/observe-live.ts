import type { Registry } from 'loadline/metrics';
import type { LiveStream } from './live-stream.ts';

/** Shows how many follow, and who could not. */
export function observeLive(registry: Registry, live: Pick<LiveStream, 'counts'>): void {
  registry.gauge({
    name: 'loadline_live_followers',
    help: 'Connections that follow the live stream.',
    read: () => live.counts.followers,
  });
  const counters = {
    events: ['loadline_live_events_total', 'Events of the live stream.'],
    cutOff: ['loadline_live_cut_off_total', 'Followers that did not read what they were told.'],
    tooLarge: ['loadline_live_events_too_large_total', 'Events that were too large to be told.'],
  } as const;
  for (const [count, [name, help]] of Object.entries(counters))
    registry.counter({ name, help, read: () => live.counts[count as keyof typeof counters] });
}

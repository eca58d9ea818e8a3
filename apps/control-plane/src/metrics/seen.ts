import type { Collector } from '../collect/index.ts';

/** Who is there, what they said last, and what their services did in the last minute and hour. */
export type SeenNow = Pick<Collector, 'latest' | 'recent' | 'recentVitals' | 'activeUsers'>;

/** An instance with what it said last. */
export type Seen = ReturnType<Collector['latest']>[number];

/** What a service did within a window. */
export type Recent = ReturnType<Collector['recent']>;

/** Tells whoever follows what happens, as it happens. */
export { feedLive } from './live-feed.ts';
export { liveHandlers } from './live-handlers.ts';
export { LiveStream } from './live-stream.ts';
export { observeLive } from './observe-live.ts';

import type { Upstream } from '../../upstream.ts';

/** What one look at an upstream said. */
export type ProbeResult = { readonly kind: 'good' } | { readonly kind: 'bad'; readonly because: string };

/** Looks at an upstream once. Gives up when the signal aborts, and then may say anything. Does not throw. */
export type Probe = (upstream: Upstream, signal: AbortSignal) => Promise<ProbeResult>;

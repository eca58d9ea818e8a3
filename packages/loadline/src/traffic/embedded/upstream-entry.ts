import { bracketed } from '../../base/index.ts';
import { type Candidate, newCandidate } from '../balance/candidate.ts';
import { type EjectionState, neverEjected } from '../balance/ejection.ts';
import type { Prober } from '../balance/prober.ts';
import type { WantedUpstream } from '../upstream.ts';
import type { UpstreamMetrics } from './proxy-metrics.ts';

/** An upstream as the proxy has it: who it is, and how it is. */
export class UpstreamEntry {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** `host:port`, as an address is written. */
  readonly authority: string;
  /** The one from before, where it was taken out and is back while it was still busy. */
  candidate: Candidate;
  readonly metrics: UpstreamMetrics;
  wanted: WantedUpstream;
  /** As its checks have it; `up` where nobody checks. */
  health: 'starting' | 'up' | 'down';
  ejection: EjectionState = neverEjected;
  prober: Prober | undefined;
  /** When it could first be sent requests; its slow start begins there. */
  upMs: number | undefined;
  /** Whether it is not listed any more: what it has under way ends, and then nothing is kept of it. */
  isOut = false;

  constructor(wanted: WantedUpstream, health: 'starting' | 'up', metrics: UpstreamMetrics) {
    this.wanted = wanted;
    this.id = wanted.id;
    this.host = wanted.host;
    this.port = wanted.port;
    this.authority = `${bracketed(wanted.host)}:${wanted.port}`;
    this.health = health;
    this.metrics = metrics;
    this.candidate = newCandidate(wanted.id, weightOf(wanted));
  }

  /** Whether it may be chosen at all. */
  get isServing(): boolean {
    return (
      !this.isOut && this.wanted.mode === 'serving' && weightOf(this.wanted) > 0 && this.health !== 'starting'
    );
  }

  isFit(nowMs: number): boolean {
    return this.health === 'up' && nowMs >= this.ejection.untilMs;
  }
}

export function weightOf({ weight = 1 }: WantedUpstream): number {
  return weight;
}

import type { Random } from '../../base/index.ts';
import type { Asked, Candidate, Picker } from '../balance/candidate.ts';
import { afterRequest, type EjectionPolicy, mayEject, neverEjected } from '../balance/ejection.ts';
import { type Eligible, eligibleOf } from '../balance/eligible.ts';
import { slowStartShare } from '../balance/slow-start.ts';
import { observeLatency } from '../balance/two-choices.ts';
import type { SeenUpstream, WantedUpstream } from '../upstream.ts';
import type { Connections } from './connections.ts';
import type { ProxyMetrics } from './proxy-metrics.ts';
import { UpstreamEntry, weightOf } from './upstream-entry.ts';
import type { WaitingLine } from './waiting-line.ts';

export interface UpstreamsOptions {
  readonly picker: Picker;
  readonly random: Random;
  readonly zone: string | undefined;
  readonly slowStartMs: number;
  /** Of each upstream at once; Infinity for any. */
  readonly requestsMax: number;
  readonly panicRatio: number;
  readonly ejection: EjectionPolicy;
  readonly metrics: ProxyMetrics;
  readonly connections: Connections;
  /** Those who wait for one that has room. */
  readonly line: WaitingLine;
  /** Begins to ask how it is; undefined where nobody asks. */
  readonly watch: ((entry: UpstreamEntry) => void) | undefined;
}

/** One to send a request to; `nobody` where there is none, and `all busy` where none has room for one more. */
export type Picked = UpstreamEntry | 'all busy' | 'nobody';

/** The upstreams that the proxy has, and the choice among them. Who may be chosen is worked out when something changes, not at each request. */
export class Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #entries = new Map<string, UpstreamEntry>();
  /** What those are busy with still that are not listed any more, by `placeOf`: who is listed again there has it too. */
  readonly #leaving = new Map<string, Candidate>();
  #eligible: Eligible | undefined;
  #byCandidate = new Map<Candidate, UpstreamEntry>();
  /** When somebody who is out comes back, or has grown a little. */
  #changesMs = Number.POSITIVE_INFINITY;

  constructor(options: UpstreamsOptions) {
    this.#options = options;
  }

  /** Brings the list to this one; the same list twice changes nothing. */
  apply(wanted: readonly WantedUpstream[]): void {
    const listed = new Set(wanted.map(({ id }) => id));
    for (const entry of this.#entries.values()) if (!listed.has(entry.id)) this.#takeOut(entry);
    for (const each of wanted) {
      const known = this.#entries.get(each.id);
      if (known === undefined) this.#add(each);
      else if (known.host !== each.host || known.port !== each.port) {
        this.#takeOut(known);
        this.#add(each);
      } else this.#change(known, each);
    }
    this.#changed();
  }

  observe(nowMs: number): SeenUpstream[] {
    return [...this.#entries.values()].map((entry) => ({
      id: entry.id,
      host: entry.host,
      port: entry.port,
      status: statusOf(entry, nowMs),
      inFlight: entry.candidate.inFlight,
      ...(entry.wanted.weight === undefined ? {} : { weight: entry.wanted.weight }),
    }));
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Chooses one, but none of these. */
  pick(key: string, nowMs: number, except: readonly UpstreamEntry[]): Picked {
    if (this.#eligible === undefined || nowMs >= this.#changesMs) this.#eligible = this.#workOut(nowMs);
    const { near, far, nearRatio } = this.#eligible;
    const { random, picker } = this.#options;
    const preferred = nearRatio >= 1 || random() < nearRatio ? near : far;
    const candidates = except.length === 0 ? preferred : this.#without(except);
    if (candidates.length === 0) return 'nobody';
    const free = this.#freeOf(candidates, except);
    if (free.length === 0) return 'all busy';
    const asked: Asked = { key, nowMs, random };
    return this.#byCandidate.get(picker(free, asked)) as UpstreamEntry;
  }

  begin(entry: UpstreamEntry): void {
    entry.candidate.inFlight++;
  }

  /** A request at it has ended, well or not, or as nobody's fault. */
  end(entry: UpstreamEntry, outcome: 'succeeded' | 'failed' | 'neither', nowMs: number): void {
    entry.candidate.inFlight--;
    if (entry.isOut && entry.candidate.inFlight === 0) this.#leaving.delete(placeOf(entry));
    this.#options.line.move();
    if (outcome === 'neither' || entry.isOut) return;
    const { ejection: policy, metrics } = this.#options;
    const before = entry.ejection;
    const canEject = outcome === 'failed' && this.#mayEject(policy, nowMs);
    entry.ejection = afterRequest(before, outcome, { policy, nowMs, canEject });
    if (entry.ejection.untilMs <= nowMs || entry.ejection === before) return;
    if (before.untilMs === entry.ejection.untilMs) return;
    metrics.ejections.with({ upstream: entry.id }).add();
    this.#options.connections.closeIdle(entry);
    this.#changed();
  }

  answered(entry: UpstreamEntry, latencyMs: number, nowMs: number): void {
    observeLatency(entry.candidate, latencyMs, nowMs);
    entry.metrics.latency.record(Math.round(latencyMs * 1000));
  }

  /** It had not answered when somebody else did: it takes so long at least. */
  outlasted({ candidate }: UpstreamEntry, forMs: number, nowMs: number): void {
    if (forMs > candidate.latencyMs) observeLatency(candidate, forMs, nowMs);
  }

  /** What checks say of it has changed. */
  setHealth(entry: UpstreamEntry, health: 'starting' | 'up' | 'down'): void {
    if (entry.health === health) return;
    entry.health = health;
    // Who comes back begins anew: with cold caches, and without what was held against it.
    entry.upMs = undefined;
    if (health === 'up') entry.ejection = neverEjected;
    if (health === 'down') this.#options.connections.closeIdle(entry);
    this.#changed();
  }

  close(): void {
    for (const entry of this.#entries.values()) this.#takeOut(entry);
  }

  #add(wanted: WantedUpstream): void {
    const { metrics, watch } = this.#options;
    const health = watch === undefined ? 'up' : 'starting';
    const entry = new UpstreamEntry(wanted, health, metrics.upstream(wanted.id));
    const place = placeOf(entry);
    // Else it would get as many again as it has.
    entry.candidate = this.#leaving.get(place) ?? entry.candidate;
    this.#leaving.delete(place);
    this.#entries.set(wanted.id, entry);
    watch?.(entry);
  }

  #change(entry: UpstreamEntry, wanted: WantedUpstream): void {
    entry.wanted = wanted;
    if (wanted.mode === 'draining') this.#options.connections.closeIdle(entry);
  }

  #takeOut(entry: UpstreamEntry): void {
    entry.isOut = true;
    entry.prober?.close();
    this.#options.connections.closeIdle(entry);
    this.#entries.delete(entry.id);
    if (entry.candidate.inFlight > 0) this.#leaving.set(placeOf(entry), entry.candidate);
    this.#changed();
  }

  /** Who may be chosen is to be worked out anew. */
  #changed(): void {
    this.#eligible = undefined;
    this.#options.line.move();
  }

  #mayEject(policy: EjectionPolicy, nowMs: number): boolean {
    const serving = [...this.#entries.values()].filter((entry) => entry.isServing);
    const ejected = serving.filter((entry) => !entry.isFit(nowMs)).length;
    return mayEject(policy, { ejected, total: serving.length });
  }

  #without(except: readonly UpstreamEntry[]): Candidate[] {
    const { near, far } = this.#eligible as Eligible;
    return [...near, ...far].filter((each) => !except.some(({ candidate }) => candidate === each));
  }

  /** Those that have room; where none of these has, somebody in another zone rather than nobody. */
  #freeOf(candidates: readonly Candidate[], except: readonly UpstreamEntry[]): readonly Candidate[] {
    if (this.#options.requestsMax === Number.POSITIVE_INFINITY || !candidates.some(isFull)) return candidates;
    const free = candidates.filter((each) => !isFull(each));
    return free.length > 0 ? free : this.#without(except).filter((each) => !isFull(each));
  }

  #workOut(nowMs: number): Eligible {
    const { zone, panicRatio, slowStartMs, requestsMax } = this.#options;
    const serving = [...this.#entries.values()].filter((entry) => entry.isServing);
    this.#byCandidate = new Map(serving.map((entry) => [entry.candidate, entry]));
    this.#changesMs = Number.POSITIVE_INFINITY;
    for (const entry of serving) {
      const isFit = entry.isFit(nowMs);
      if (!isFit && entry.health === 'up')
        this.#changesMs = Math.min(this.#changesMs, entry.ejection.untilMs);
      if (isFit) entry.upMs ??= nowMs;
      // Who is out counts with the whole of its weight: as what its zone is short of, and in panic as if it were fit.
      const share = isFit ? slowStartShare(nowMs - (entry.upMs ?? nowMs), slowStartMs) : 1;
      if (share < 1) this.#changesMs = Math.min(this.#changesMs, nowMs + rampStepMs);
      entry.candidate.weight = weightOf(entry.wanted) * share;
      entry.candidate.inFlightMax = Math.ceil(requestsMax * share);
    }
    return eligibleOf(
      serving.map((entry) => ({
        candidate: entry.candidate,
        zone: entry.wanted.zone,
        isFit: entry.isFit(nowMs),
      })),
      { zone, panicRatio },
    );
  }
}

function isFull({ inFlight, inFlightMax }: Candidate): boolean {
  return inFlight >= inFlightMax;
}

/** The same name somewhere else is somebody else. */
function placeOf({ id, authority }: UpstreamEntry): string {
  return `${id} ${authority}`;
}

/** How often a weight that grows is worked out anew. */
const rampStepMs = 100;

function statusOf(entry: UpstreamEntry, nowMs: number): SeenUpstream['status'] {
  if (entry.wanted.mode === 'draining') return 'draining';
  if (entry.health === 'starting') return 'starting';
  return entry.isFit(nowMs) ? 'up' : 'down';
}

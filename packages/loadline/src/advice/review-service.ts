import { counted } from '../base/index.ts';
import type { Evidence, EvidenceUnit, Finding, Review, TimeWindow } from '../metrics/index.ts';
import { percent } from './recommendation.ts';

/** What was measured of one service over a while; what is absent was not seen. */
export interface ServiceSeen {
  /** How people call it: `service api`. */
  readonly component: string;
  readonly window: TimeWindow;
  /** Where the numbers can be looked at. */
  readonly source: string;
  readonly instances: number;
  /** Means over the instances: busy share of the event loop, and of the CPU that an instance may use, 0 to 1. */
  readonly eventLoopRatio?: number;
  readonly cpuRatio?: number;
  /** Of the instance that uses most. */
  readonly memory?: { readonly usedBytes: number; readonly limitBytes: number };
  /** What `judgeLeak` says of the heap; absent where it had too few samples to say anything. */
  readonly leak?: {
    readonly isLeak: boolean;
    readonly growthBytesPerSecond: number;
    readonly samples: number;
  };
  readonly pool?: PoolSeen;
  readonly cache?: CacheSeen;
  readonly endpoints?: readonly EndpointSeen[];
}

/** A pool of connections, of one instance. */
export interface PoolSeen {
  readonly connectionsMax: number;
  /** Callers that were waiting, on average. */
  readonly waiting: number;
  /** Callers that got none, in the window. */
  readonly refused: number;
  /** How often connections are taken, and for how long on average. */
  readonly ratePerSecond?: number;
  readonly holdMsMean?: number;
}

/** A cache: its lookups within the window. Below 1,000 of them nothing is said of it. */
export interface CacheSeen {
  readonly hits: number;
  readonly misses: number;
  /** Below it is worth a finding. */
  readonly hitRatioTarget: number;
  readonly evictedPerSecond?: number;
}

/** An endpoint: its requests within the window, and how many of them failed. */
export interface EndpointSeen {
  readonly name: string;
  readonly requests: number;
  readonly errors: number;
}

/** Limits beyond which something is worth a finding. Documented in docs/reference/advice.md. */
const limits = {
  busyRatio: 0.8,
  busyRatioCritical: 0.9,
  memoryRatio: 0.85,
  memoryRatioCritical: 0.95,
  lookupsMin: 1000,
  requestsMin: 100,
  errorsMin: 5,
  errorRatio: 0.001,
  errorRatioCritical: 0.01,
  /** One endpoint has a trouble of its own when most errors are its. */
  shareOfErrors: 0.5,
} as const;

/** Judges what was measured of a service. Pure. */
export function reviewService(seen: ServiceSeen): Review {
  const looks: readonly [string, unknown, () => Finding[]][] = [
    ['event loop', seen.eventLoopRatio, () => busy(seen, 'eventLoopRatio', 'event loop saturated')],
    ['CPU', seen.cpuRatio, () => busy(seen, 'cpuRatio', 'cpu saturated')],
    ['memory', seen.memory, () => memory(seen)],
    ['leak', seen.leak, () => leak(seen)],
    ['pool of connections', seen.pool, () => pool(seen)],
    ['cache', seen.cache, () => cache(seen)],
    ['errors by endpoint', seen.endpoints, () => errors(seen)],
  ];
  const looked = looks.filter(([, value]) => value !== undefined);
  return {
    subject: `${looked.map(([what]) => what).join(', ') || 'nothing'} of ${seen.component}`,
    findings: looked.flatMap(([, , find]) => find()),
    unseen: looks
      .filter(([, value]) => value === undefined)
      .map(([what]) => `${what} of ${seen.component}: not measured`),
  };
}

function busy(seen: ServiceSeen, name: 'eventLoopRatio' | 'cpuRatio', kind: string): Finding[] {
  const ratio = seen[name] ?? 0;
  if (ratio < limits.busyRatio) return [];
  const what = name === 'cpuRatio' ? 'CPU' : 'event loop';
  return [
    {
      component: seen.component,
      kind,
      severity: ratio >= limits.busyRatioCritical ? 'critical' : 'warning',
      summary: `The ${what} is busy for ${percent(ratio)} of the time, on average over ${counted(seen.instances, 'instance')}.`,
      evidence: [of(seen, name, ratio, 'ratio'), of(seen, 'instances', seen.instances, 'count')],
    },
  ];
}

function memory(seen: ServiceSeen): Finding[] {
  const { usedBytes, limitBytes } = seen.memory ?? { usedBytes: 0, limitBytes: 1 };
  const ratio = usedBytes / limitBytes;
  if (ratio < limits.memoryRatio) return [];
  return [
    {
      component: seen.component,
      kind: 'memory near limit',
      severity: ratio >= limits.memoryRatioCritical ? 'critical' : 'warning',
      summary: `An instance uses ${percent(ratio)} of its memory.`,
      evidence: [
        of(seen, 'memoryRatio', ratio, 'ratio'),
        of(seen, 'usedBytes', usedBytes, 'bytes'),
        of(seen, 'limitBytes', limitBytes, 'bytes'),
      ],
    },
  ];
}

function leak(seen: ServiceSeen): Finding[] {
  if (seen.leak?.isLeak !== true) return [];
  const { growthBytesPerSecond, samples } = seen.leak;
  return [
    {
      component: seen.component,
      kind: 'memory leak',
      severity: 'warning',
      summary: 'The heap after collections grows without end.',
      evidence: [
        of(seen, 'growthBytesPerSecond', growthBytesPerSecond, 'bytes per second', samples),
        ...(seen.memory === undefined
          ? []
          : [
              of(seen, 'usedBytes', seen.memory.usedBytes, 'bytes'),
              of(seen, 'limitBytes', seen.memory.limitBytes, 'bytes'),
            ]),
      ],
    },
  ];
}

function pool(seen: ServiceSeen): Finding[] {
  const found = seen.pool;
  if (found === undefined || (found.refused === 0 && found.waiting < 1)) return [];
  const { connectionsMax, waiting, refused, ratePerSecond, holdMsMean } = found;
  return [
    {
      component: seen.component,
      kind: 'pool exhausted',
      severity: refused > 0 ? 'critical' : 'warning',
      summary: `All ${connectionsMax} connections of the pool are busy, and callers wait.`,
      evidence: [
        of(seen, 'connectionsMax', connectionsMax, 'count'),
        of(seen, 'waiting', waiting, 'count'),
        of(seen, 'refused', refused, 'count'),
        ...(ratePerSecond === undefined ? [] : [of(seen, 'ratePerSecond', ratePerSecond, 'per second')]),
        ...(holdMsMean === undefined ? [] : [of(seen, 'holdMsMean', holdMsMean, 'ms')]),
      ],
    },
  ];
}

function cache(seen: ServiceSeen): Finding[] {
  const found = seen.cache;
  if (found === undefined) return [];
  const lookups = found.hits + found.misses;
  const hitRatio = found.hits / lookups;
  if (lookups < limits.lookupsMin || hitRatio >= found.hitRatioTarget) return [];
  const seconds = Math.max(1, seen.window.toMs - seen.window.fromMs) / 1000;
  return [
    {
      component: seen.component,
      kind: 'low cache hit ratio',
      severity: 'warning',
      summary: `The cache answers ${percent(hitRatio)} of the lookups.`,
      evidence: [
        of(seen, 'hitRatio', hitRatio, 'ratio', lookups),
        of(seen, 'hitRatioTarget', found.hitRatioTarget, 'ratio'),
        of(seen, 'lookupsPerSecond', lookups / seconds, 'per second', lookups),
        ...(found.evictedPerSecond === undefined
          ? []
          : [of(seen, 'evictedPerSecond', found.evictedPerSecond, 'per second')]),
      ],
    },
  ];
}

function errors(seen: ServiceSeen): Finding[] {
  const endpoints = seen.endpoints ?? [];
  const requests = sum(endpoints.map((each) => each.requests));
  const failed = sum(endpoints.map((each) => each.errors));
  const ratio = failed / requests;
  if (requests < limits.requestsMin || failed < limits.errorsMin || ratio < limits.errorRatio) return [];
  return endpoints
    .filter((each) => each.errors / failed > limits.shareOfErrors)
    .map(({ name, errors: own, requests: asked }) => ({
      component: `endpoint ${name}`,
      kind: 'errors of one endpoint',
      severity: ratio >= limits.errorRatioCritical ? 'critical' : 'warning',
      summary: `${name} fails in ${percent(own / asked)} of its requests, and makes ${percent(own / failed)} of all errors.`,
      evidence: [
        of(seen, 'shareOfErrors', own / failed, 'ratio', failed),
        of(seen, 'errorRatioOfAll', ratio, 'ratio', requests),
        of(seen, 'errorRatio', own / asked, 'ratio', asked),
        of(seen, 'errors', own, 'count'),
      ],
    }));
}

function of(
  { window, source }: ServiceSeen,
  name: string,
  value: number,
  unit: EvidenceUnit,
  count?: number,
): Evidence {
  return { name, value, unit, ...(count === undefined ? {} : { count }), window, source };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

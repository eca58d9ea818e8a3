import { formatBytes, formatDuration } from '../base/index.ts';
import { evidenceOf, type Finding } from '../metrics/index.ts';
import { fewerMisses, instancesFor, memoryRatioTarget, mendPart, raiseLimit, spreadOver } from './models.ts';
import { type Draft, notKnown, percent, type Rule } from './recommendation.ts';

const whatLoadExplains = ['thresholds missed', 'pool exhausted'] as const;

/** What to do about the instances of a service. */
export const serviceRules: readonly Rule[] = [
  {
    kind: 'hot function',
    depth: 'cause',
    explains: ['event loop saturated', 'cpu saturated', 'thresholds missed'],
    advise: adviseOnFunction,
  },
  { kind: 'memory leak', depth: 'cause', explains: ['memory near limit'], advise: adviseOnLeak },
  {
    kind: 'errors of one endpoint',
    depth: 'cause',
    explains: ['thresholds missed'],
    advise: adviseOnErrors,
  },
  {
    kind: 'event loop saturated',
    depth: 'bottleneck',
    explains: whatLoadExplains,
    advise: (finding) => adviseMoreInstances(finding, 'eventLoopRatio', 'Its event loop'),
  },
  {
    kind: 'cpu saturated',
    depth: 'bottleneck',
    explains: whatLoadExplains,
    advise: (finding) => adviseMoreInstances(finding, 'cpuRatio', 'Its CPU'),
  },
  { kind: 'memory near limit', depth: 'bottleneck', explains: [], advise: adviseOnMemory },
  {
    kind: 'low cache hit ratio',
    depth: 'bottleneck',
    explains: ['connections near limit', 'thresholds missed'],
    advise: adviseOnCache,
  },
];

function adviseOnFunction(finding: Finding): Draft | undefined {
  const share = evidenceOf(finding, 'selfShare');
  if (share === undefined) return undefined;
  return {
    action: 'Make this function do less: call it less often, keep its result, or choose another algorithm.',
    reasoning: `The profile found it at work in ${percent(share)} of the time in which the process did anything.`,
    // Without knowing what can replace it, the half of it is a yardstick; the whole of it is the bound.
    expected: mendPart(share, 0.5, 'CPU time a request'),
    risk: { level: 'low', what: 'A change of code: its tests must cover what it does.' },
    confidence: (finding.evidence[0]?.count ?? 0) >= 1000 ? 'high' : 'medium',
    share,
  };
}

function adviseOnLeak(finding: Finding): Draft | undefined {
  const growth = evidenceOf(finding, 'growthBytesPerSecond');
  if (growth === undefined || growth <= 0) return undefined;
  const used = evidenceOf(finding, 'usedBytes');
  const limit = evidenceOf(finding, 'limitBytes');
  const left =
    used === undefined || limit === undefined
      ? ''
      : `, which reaches the limit in ${formatDuration((1000 * Math.max(0, limit - used)) / growth)}`;
  return {
    action:
      'Take a sampled heap profile now and one later, and see what has grown; restart instances until it is mended.',
    reasoning: `The heap after collections grows by ${formatBytes(growth * 3600)} an hour${left}.`,
    expected: notKnown('what holds the memory has to be found first'),
    risk: { level: 'low', what: 'A restart loses what the instance keeps in memory.' },
    confidence: 'high',
    share: 1,
  };
}

function adviseOnErrors(finding: Finding): Draft | undefined {
  const share = evidenceOf(finding, 'shareOfErrors');
  const errorRatio = evidenceOf(finding, 'errorRatioOfAll');
  if (share === undefined || errorRatio === undefined) return undefined;
  const after = errorRatio * (1 - share);
  return {
    action: 'Look at the errors of this endpoint first: its log, and what it depends on.',
    reasoning: `${percent(share)} of all errors come from it.`,
    expected: {
      kind: 'modelled',
      statement: `Without its errors ${percent(after)} of all requests would fail instead of ${percent(errorRatio)}.`,
      formula: 'after = errors × (1 − share)',
      inputs: { errors: errorRatio, share },
      before: errorRatio,
      after,
      unit: 'ratio',
    },
    risk: { level: 'low', what: 'None in looking.' },
    confidence: (evidenceOf(finding, 'errors') ?? 0) >= 20 ? 'high' : 'low',
    share,
  };
}

function adviseMoreInstances(finding: Finding, name: string, whose: string): Draft | undefined {
  const busyRatio = evidenceOf(finding, name);
  const instances = evidenceOf(finding, 'instances');
  if (busyRatio === undefined) return undefined;
  const reasoning = `${whose} is busy for ${percent(busyRatio)} of the time, so that requests wait for each other.`;
  const risk = {
    level: 'medium',
    what: 'What they all use, such as the database, gets more connections and more load.',
  } as const;
  if (instances === undefined) {
    return {
      action: 'Run more instances.',
      reasoning,
      expected: notKnown('how many instances there are was not seen'),
      risk,
      confidence: 'low',
      share: Math.min(1, busyRatio),
    };
  }
  const needed = Math.max(instances + 1, instancesFor(instances, busyRatio));
  return {
    action: `Run ${needed} instances instead of ${instances}.`,
    reasoning,
    expected: spreadOver(busyRatio, instances, needed),
    risk,
    // Whoever is busy all the time may have any amount of work waiting.
    confidence: busyRatio < 0.95 ? 'high' : 'medium',
    share: Math.min(1, busyRatio),
  };
}

function adviseOnMemory(finding: Finding): Draft | undefined {
  const used = evidenceOf(finding, 'usedBytes');
  const limit = evidenceOf(finding, 'limitBytes');
  if (used === undefined || limit === undefined) return undefined;
  return {
    action: `Give each instance ${formatBytes(used / memoryRatioTarget)}, or let it keep less: smaller caches, fewer requests at once.`,
    reasoning: `It uses ${formatBytes(used)} of ${formatBytes(limit)}.`,
    expected: raiseLimit(used, limit),
    risk: { level: 'low', what: 'The machine needs that memory to spare.' },
    confidence: 'medium',
    share: Math.min(1, used / limit),
  };
}

function adviseOnCache(finding: Finding): Draft | undefined {
  const hitRatio = evidenceOf(finding, 'hitRatio');
  const target = evidenceOf(finding, 'hitRatioTarget');
  if (hitRatio === undefined || target === undefined) return undefined;
  const lookups = evidenceOf(finding, 'lookupsPerSecond');
  const evicted = evidenceOf(finding, 'evictedPerSecond') ?? 0;
  return {
    action:
      evicted > 0
        ? 'Give the cache more memory: it throws away what is still asked for.'
        : 'Look at what misses: lifetimes that are too short, keys that are too fine, or what is never cached.',
    reasoning: `${percent(hitRatio)} of the lookups were answered, below ${percent(target)}${evicted > 0 ? ', and entries were evicted' : ''}.`,
    expected:
      lookups === undefined
        ? notKnown('how many lookups there are was not measured')
        : fewerMisses(hitRatio, target, lookups),
    risk: { level: 'low', what: 'Longer lifetimes show older values.' },
    confidence: 'low',
    share: target - hitRatio,
  };
}

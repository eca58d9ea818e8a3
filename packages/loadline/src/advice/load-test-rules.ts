import { evidenceOf, type Finding } from '../metrics/index.ts';
import { instancesFor, spreadOver } from './models.ts';
import { type Draft, notKnown, percent, type Rule } from './recommendation.ts';

/** What to do after a load test. */
export const loadTestRules: readonly Rule[] = [
  {
    kind: 'thresholds missed',
    depth: 'symptom',
    explains: [],
    bottleneckOf: (finding) => saturatedOf(finding)?.kind,
    advise: adviseOnThresholds,
  },
  { kind: 'generator saturated', depth: 'cause', explains: [], advise: adviseOnGenerator },
];

function adviseOnThresholds(finding: Finding): Draft | undefined {
  const missed = evidenceOf(finding, 'thresholdsMissed');
  if (missed === undefined) return undefined;
  const busy = saturatedOf(finding);
  const risk = { level: 'low', what: 'Run the same test again afterwards, and compare both.' } as const;
  const share = 0.5;
  if (busy === undefined) {
    return {
      action: 'Take a CPU profile and look at the slow statements while the test runs again.',
      reasoning: 'It missed its thresholds, and no resource that was watched was at its limit.',
      expected: notKnown('where the time went was not seen'),
      risk,
      confidence: 'low',
      share,
    };
  }
  const reasoning = `It missed its thresholds while ${busy.source} was at its limit (${busy.says} ${percent(busy.value)}).`;
  if (busy.answer !== undefined) {
    const { action, unknown } = busy.answer;
    return { action, reasoning, expected: notKnown(unknown), risk, confidence: 'medium', share };
  }
  const instances = evidenceOf(finding, 'instances') ?? 1;
  const needed = Math.max(instances + 1, instancesFor(instances, busy.value));
  return {
    action: `Run ${needed} instances instead of ${instances}, or find in a CPU profile what takes the time.`,
    reasoning,
    expected: spreadOver(busy.value, instances, needed),
    risk,
    confidence: 'medium',
    share,
  };
}

interface Saturation {
  readonly name: string;
  /** Of the finding of whoever looks at it all the time. */
  readonly kind: string;
  readonly says: string;
  /** Undefined where more instances are the answer. */
  readonly answer?: { readonly action: string; readonly unknown: string };
}

/** In the order of asking: what is full first. */
const saturations: readonly Saturation[] = [
  { name: 'eventLoopRatio', kind: 'event loop saturated', says: 'event loop busy for' },
  { name: 'cpuRatio', kind: 'cpu saturated', says: 'CPU busy for' },
  {
    name: 'connectionRatio',
    kind: 'connections near limit',
    says: 'connections open',
    answer: {
      action: 'Look at the slow statements and the pools: the connections to the database ran out.',
      unknown: 'what kept the connections busy is not in the report',
    },
  },
  {
    name: 'memoryRatio',
    kind: 'memory near limit',
    says: 'memory used',
    answer: {
      action: 'Give it more memory, or let it keep less.',
      unknown: 'how response times depend on its memory was not measured',
    },
  },
];

function saturatedOf(
  finding: Finding,
): (Saturation & { readonly value: number; readonly source: string }) | undefined {
  for (const saturation of saturations) {
    const found = finding.evidence.find(({ name }) => name === saturation.name);
    if (found !== undefined) return { ...saturation, value: found.value, source: found.source };
  }
  return undefined;
}

function adviseOnGenerator(finding: Finding): Draft | undefined {
  return {
    action: 'Make the load with more workers, or from more machines, and run the test again.',
    reasoning: finding.summary,
    expected: notKnown('numbers of a run whose generator was the bottleneck say nothing about the target'),
    risk: { level: 'low', what: 'More load reaches the target than before.' },
    confidence: 'high',
    share: 0.1,
  };
}

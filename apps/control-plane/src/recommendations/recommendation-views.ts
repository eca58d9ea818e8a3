import type { Advice, Recommendation } from 'loadline/advice';
import type { Evidence, Finding } from 'loadline/metrics';
import { type RecommendationList, timeOf } from '../contract/index.ts';
import { placeOf } from './places.ts';

type View = RecommendationList['items'][number];

/** Advice as the API shows it, with links to the numbers. Pure. */
export function adviceViewOf(
  { recommendations, reason, unanswered, unseen }: Advice,
  atMs: number,
): RecommendationList {
  return {
    at: timeOf(atMs),
    items: recommendations.map(viewOf),
    reason,
    unanswered: unanswered.map(findingOf),
    unseen: [...unseen],
  };
}

function viewOf({ finding, alsoSeen, evidence, expected, risk, ...said }: Recommendation): View {
  return {
    ...said,
    risk: { ...risk },
    expected:
      expected.kind === 'modelled' ? { ...expected, inputs: { ...expected.inputs } } : { ...expected },
    finding: findingOf(finding),
    alsoSeen: alsoSeen.map(findingOf),
    evidence: evidence.map(evidenceOf),
  };
}

function findingOf({ component, kind, severity, summary, evidence }: Finding): View['finding'] {
  return { component, kind, severity, summary, evidence: evidence.map(evidenceOf) };
}

function evidenceOf(evidence: Evidence): View['evidence'][number] {
  const { name, value, unit, count, window } = evidence;
  return {
    name,
    value,
    unit,
    ...(count === undefined ? {} : { count }),
    ...(window === undefined ? {} : { from: timeOf(window.fromMs), to: timeOf(window.toMs) }),
    source: placeOf(evidence),
  };
}

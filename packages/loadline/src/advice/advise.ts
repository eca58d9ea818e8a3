import { counted } from '../base/index.ts';
import type { Finding, Review, Severity } from '../metrics/index.ts';
import { databaseRules } from './database-rules.ts';
import { loadTestRules } from './load-test-rules.ts';
import type { Depth, Recommendation, Rule } from './recommendation.ts';
import { serviceRules } from './service-rules.ts';

/** What to do, most pressing first, and what the list rests on. */
export interface Advice {
  readonly recommendations: readonly Recommendation[];
  /** One sentence: why the list is as it is, above all why it is empty. */
  readonly reason: string;
  /** Findings that no rule knows an answer to. */
  readonly unanswered: readonly Finding[];
  /** What could not be seen, so that nothing is said about it. */
  readonly unseen: readonly string[];
}

/**
 * Ranks what to do about what was found. Pure: it looks at nothing itself, and says nothing that does not follow from
 * the numbers of a finding. What explains another finding comes before it, and is as pressing; a mere notice is
 * advice only where it explains something worse. What two have seen is advised on once. A healthy system gets an empty list, with the reason.
 */
export function advise(reviews: readonly Review[]): Advice {
  const findings = reviews.flatMap((review) => review.findings);
  const drafted = findings.flatMap((finding) => draft(finding, findings) ?? []);
  const recommendations = joinBottlenecks(drafted)
    .filter(({ recommendation }) => recommendation.severity !== 'notice')
    .toSorted(byUrgency)
    .map(({ recommendation }) => recommendation);
  const unanswered = findings.filter(
    (finding) => rulesByKind.get(finding.kind)?.advise(finding) === undefined,
  );
  const unseen = reviews.flatMap((review) => review.unseen);
  return {
    recommendations,
    reason: reasonOf({ reviews, recommendations, unanswered, unseen }),
    unanswered,
    unseen,
  };
}

const rulesByKind: ReadonlyMap<string, Rule> = new Map(
  [...databaseRules, ...serviceRules, ...loadTestRules].map((rule) => [rule.kind, rule]),
);

interface Drafted {
  readonly recommendation: Recommendation;
  readonly depth: Depth;
  readonly share: number;
}

function draft(finding: Finding, all: readonly Finding[]): Drafted | undefined {
  const rule = rulesByKind.get(finding.kind);
  const drafted = rule?.advise(finding);
  if (rule === undefined || drafted === undefined) return undefined;
  const { share, ...advice } = drafted;
  const explained = all.filter(({ kind }) => rule.explains.includes(kind));
  const severity = worst([finding, ...explained].map((each) => each.severity));
  const { component, evidence } = finding;
  return {
    recommendation: { component, ...advice, severity, finding, alsoSeen: [], evidence },
    depth: rule.depth,
    share,
  };
}

/**
 * A load test that names a bottleneck says nothing else than whoever looks at that all the time: what was watched is
 * advised on, and has the evidence of the test besides. It is the same one where it has the same component; and where there is
 * only one of its kind, since a test knows its target by an address.
 */
function joinBottlenecks(drafted: readonly Drafted[]): readonly Drafted[] {
  const joined = new Map(drafted.map((each) => [each, each]));
  for (const each of drafted) {
    const { finding, evidence } = each.recommendation;
    const kind = rulesByKind.get(finding.kind)?.bottleneckOf?.(finding);
    const alike = drafted.filter(({ recommendation }) => recommendation.finding.kind === kind);
    const same =
      alike.find(({ recommendation }) => recommendation.component === finding.component) ??
      (alike.length === 1 ? alike[0] : undefined);
    const known = same && joined.get(same);
    if (same === undefined || known === undefined) continue;
    const { recommendation } = known;
    const reasoning = `${recommendation.reasoning} ${finding.summary}`;
    joined.set(same, {
      ...known,
      recommendation: {
        ...recommendation,
        reasoning,
        alsoSeen: [...recommendation.alsoSeen, finding],
        evidence: [...recommendation.evidence, ...evidence],
      },
    });
    joined.delete(each);
  }
  return [...joined.values()];
}

const severities: readonly Severity[] = ['critical', 'warning', 'notice'];
const depths: readonly Depth[] = ['cause', 'bottleneck', 'symptom'];

function worst(found: readonly Severity[]): Severity {
  return severities.find((severity) => found.includes(severity)) ?? 'notice';
}

function byUrgency(a: Drafted, b: Drafted): number {
  return (
    severities.indexOf(a.recommendation.severity) - severities.indexOf(b.recommendation.severity) ||
    depths.indexOf(a.depth) - depths.indexOf(b.depth) ||
    b.share - a.share ||
    a.recommendation.component.localeCompare(b.recommendation.component)
  );
}

function reasonOf({
  reviews,
  recommendations,
  unanswered,
  unseen,
}: Omit<Advice, 'reason'> & { readonly reviews: readonly Review[] }): string {
  if (reviews.length === 0) return 'Nothing was looked at, so that nothing can be said.';
  const looked = `Looked at ${reviews.map(({ subject }) => subject).join('; ')}`;
  const left = unseen.length === 0 ? '' : ` ${counted(unseen.length, 'thing')} could not be seen.`;
  const open = unanswered.filter(({ severity }) => severity !== 'notice').length;
  if (recommendations.length > 0) {
    return `${looked}: ${counted(recommendations.length, 'recommendation')}, the most pressing first.${left}`;
  }
  return open > 0
    ? `${looked}: ${counted(open, 'finding')} without a known answer.${left}`
    : `${looked}: every number that was seen is within its limits, so that there is nothing to recommend.${left}`;
}

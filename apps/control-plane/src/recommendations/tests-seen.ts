import type { LoadTestSeen } from 'loadline/advice';
import type { LoadReport } from 'loadline/load';
import { type LoadTest, timeOf } from '../contract/index.ts';
import { testPlace } from './places.ts';

/** Where reports are. */
export interface KeptTests {
  list(
    filter: { readonly state: 'finished'; readonly from: string },
    page: { readonly limit: number },
  ): Promise<{ readonly items: readonly LoadTest[] }>;
  /** As JSON. */
  report(id: string): Promise<string>;
}

/** Who runs where, so that the target of a test has the name that its metrics have. */
export interface KnownInstance {
  readonly service: string;
  readonly url: string;
}

const looksMax = 200;
const reportsMax = 10;

/** The latest test of each name against each target, of those that are not older and have results. */
export async function latestTests(tests: KeptTests, sinceMs: number): Promise<readonly LoadTest[]> {
  const from = timeOf(sinceMs);
  const { items } = await tests.list({ state: 'finished', from }, { limit: looksMax });
  const withResults = items.filter(({ hasResults }) => hasResults);
  // The newest come first.
  const latest = Map.groupBy(withResults, ({ name, target }) => `${name}\n${target}`).values();
  return [...latest].map(([first]) => first as LoadTest).slice(0, reportsMax);
}

/** What a test has shown, with the name of its target, where that is one of ours. */
export async function readTest(
  tests: KeptTests,
  { id, name, target }: LoadTest,
  instances: readonly KnownInstance[],
): Promise<LoadTestSeen> {
  const report = JSON.parse(await tests.report(id)) as LoadReport;
  // A report has the name of its scenario.
  const service = instances.find(({ url }) => originOf(url) === originOf(target))?.service;
  const known = {
    component: `service ${service}`,
    instances: instances.filter((each) => each.service === service).length,
  };
  return { report: { ...report, name }, source: testPlace(id), ...(service === undefined ? {} : known) };
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

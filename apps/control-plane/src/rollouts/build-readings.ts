import { type Clock, withTimeLimit } from 'loadline/base';
import type { InstanceTotals, RolloutReadings, ScalingDriver } from 'loadline/scaling';
import { LabelBook, type Pull } from '../collect/index.ts';
import type { Builds } from './builds.ts';
import { endpointsOf } from './instance-totals.ts';
import { readyInstances } from './service-driver.ts';

export interface BuildReadingsOptions {
  readonly clock: Clock;
  readonly driver: ScalingDriver;
  readonly builds: Pick<Builds, 'commands' | 'candidateGroup' | 'groupsOf'>;
  readonly pull: Pull;
  /** Opens the metrics of instances that want a key. */
  readonly key: string | undefined;
}

/**
 * Asks the instances of both builds themselves, at every look: what the collector has may be as old as its interval, and a
 * candidate that fails is to be found within seconds. One that does not answer counts for nothing at this look.
 */
export function createBuildReadings({
  clock,
  driver,
  builds,
  pull,
  key,
}: BuildReadingsOptions): RolloutReadings {
  /** Of those that were there at the last look. */
  let labels = new Map<string, LabelBook>();

  async function totalsOf(
    group: string,
    { known, signal }: { readonly known: Map<string, LabelBook>; readonly signal: AbortSignal },
  ): Promise<InstanceTotals[]> {
    const instances = await readyInstances(driver, group, signal);
    const leftOut = new Set(['/metrics', builds.commands[group]?.().readyPath ?? '/health/ready']);
    const asked = await Promise.allSettled(
      instances.map(async ({ id, url }): Promise<InstanceTotals> => {
        const book = labels.get(id) ?? new LabelBook(labelsMax);
        known.set(id, book);
        const at = new URL('/metrics', url);
        const limit = { clock, limitMs: pullLimitMs, end: signal };
        const asking = { url: at, address: at.hostname, key, labels: book };
        const answer = await withTimeLimit(limit, (limited) => pull(asking, limited));
        if (answer.kind === 'failed') throw answer.error;
        if (answer.kind !== 'done') throw new Error(`${id} gave no answer in time`);
        const reading = answer.value;
        return { instance: id, endpoints: endpointsOf(reading, leftOut) };
      }),
    );
    const answered = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = asked.find((each) => each.status === 'rejected');
    if (answered.length === 0 && failed !== undefined) throw failed.reason;
    return answered;
  }

  return {
    async read({ group: service, candidate }, signal) {
      const known = new Map<string, LabelBook>();
      const own = builds.candidateGroup(service, candidate);
      const others = builds.groupsOf(service).filter((group) => group !== own);
      const [totals, baseline] = await Promise.all([
        totalsOf(own, { known, signal }),
        Promise.all(others.map((group) => totalsOf(group, { known, signal }))),
      ]);
      for (const [id, book] of known) labels.set(id, book);
      if (labels.size > booksMax) labels = known;
      return { baseline: baseline.flat(), candidate: totals };
    },
  };
}

/** Whoever asks waits for a second: one that hangs must not keep the others' answers from coming through. */
const pullLimitMs = 700;
const labelsMax = 10_000;
const booksMax = 1000;

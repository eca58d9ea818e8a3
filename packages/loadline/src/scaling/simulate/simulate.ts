import { CapacityTable, RollingForecast } from '../../capacity/index.ts';
import { decide } from '../decide/decide.ts';
import type { Decision, Recommendation, ScalingStep } from '../decide/decision.ts';
import type { Foresight } from '../decide/standing.ts';
import { stepOf } from '../event.ts';
import type { ScalingConfiguration, ScalingPolicy } from '../policy/policy.ts';
import { defaultRateMetrics, type Eyes, eyesFor } from './eyes.ts';
import { SimulatedFleet } from './fleet.ts';
import { type Served, SimulatedQueue, type SimulatedService } from './service.ts';
import { type SimulationResult, Tally } from './tally.ts';
import type { Trace } from './trace.ts';

/** What comes, what has to serve it, and how often one decides. */
export interface SimulationOptions {
  readonly trace: Trace;
  readonly service: SimulatedService;
  /** What came before the trace, for forecasts; with the same step. */
  readonly history?: Trace;
  /** From one decision to the next, where the policy has no interval of its own. Default 15,000; at most a step. */
  readonly intervalMs?: number;
  /** How many are ready at the beginning. Default: as many as hold the target then, within the policy's limits. */
  readonly instances?: number;
  /** Names of custom metrics that are requests a second: of an instance, or where a policy asks so, of the group. */
  readonly rateMetrics?: readonly string[];
}

/**
 * Tries a policy on a trace: what it would have decided, by the same `decide` that scales, and what that would have
 * meant for response times and instance hours. Metrics are those of the interval before the decision, starts take
 * their time, and nothing fails. Pure.
 *
 * @throws RangeError where the interval is not above 0.
 */
export function simulate(policy: ScalingPolicy, options: SimulationOptions): SimulationResult {
  const { trace, service } = options;
  const wished = policy.intervalMs ?? options.intervalMs ?? 15_000;
  if (!(wished > 0)) throw new RangeError(`intervalMs must be above 0, got ${wished}`);
  const perStep = Math.max(1, Math.round(trace.stepMs / wished));
  const intervalMs = trace.stepMs / perStep;
  const capacity = new CapacityTable({ ...service, ...service.target });
  const fleet = new SimulatedFleet(instancesAtFirst(policy, options, capacity), service.startMs);
  const queue = new SimulatedQueue(service, capacity);
  const decider = new Decider(policy, options);
  const eyes = eyesFor(policy, service, options.rateMetrics ?? defaultRateMetrics);
  const tally = new Tally(trace);
  let rate = 0;
  for (let step = 0; step < trace.ratesPerSecond.length; step++) {
    const measured = trace.ratesPerSecond[step] as number;
    const isMeasured = !Number.isNaN(measured);
    // Where nobody looked, what came before goes on, but nobody sees it.
    if (isMeasured) rate = measured;
    for (let part = 0; part < perStep; part++) {
      const startMs = trace.startMs + step * trace.stepMs + part * intervalMs;
      fleet.advance(startMs);
      const served = queue.step(rate, fleet.ready, intervalMs);
      tally.add(step, { rate, served, fleet, intervalMs });
      const look = { fleet, eyes, served, rate: isMeasured ? rate : undefined };
      tally.decided(step, decider.act(startMs + intervalMs, look));
    }
  }
  return tally.result();
}

function instancesAtFirst(
  policy: ScalingPolicy,
  { trace, instances }: SimulationOptions,
  capacity: CapacityTable,
): number {
  const { min, max } = policy.replicas;
  const first = trace.ratesPerSecond.find((rate) => !Number.isNaN(rate)) ?? 0;
  return Math.min(max, Math.max(min, instances ?? capacity.instancesFor(first) ?? max));
}

interface Look {
  readonly fleet: SimulatedFleet;
  readonly eyes: Eyes;
  readonly served: Served;
  readonly rate: number | undefined;
}

/** What a scaler remembers from decision to decision. */
class Decider {
  readonly #configuration: ScalingConfiguration;
  readonly #foresight: Foresight;
  readonly #forecasts: readonly RollingForecast[];
  readonly #windowMs: number;
  readonly #memoryMs: number;
  #steps: ScalingStep[] = [];
  #recommendations: Recommendation[] = [];
  #pruneAt = recommendationsMin;

  constructor(policy: ScalingPolicy, { trace, history, service }: SimulationOptions) {
    this.#configuration = {
      group: 'the service',
      version: 1,
      policy,
      changedBy: 'simulation',
      changedAtMs: 0,
    };
    const known = history === undefined ? {} : { history: { ...history, values: history.ratesPerSecond } };
    const foreseen = policy.rules.filter((rule) => rule.kind === 'forecast');
    const forecasts = foreseen
      .filter(({ metric }) => metric === 'ratePerSecond' || metric === 'messagesPerSecond')
      .map(({ metric, leadMs = service.startMs, marginMs, quantile }) => {
        const horizonMs = leadMs + marginMs + trace.stepMs;
        return [
          metric,
          new RollingForecast({ stepMs: trace.stepMs, horizonMs, quantile, ...known }),
        ] as const;
      });
    this.#forecasts = forecasts.map(([, forecast]) => forecast);
    this.#foresight = { startMs: service.startMs, forecasts: Object.fromEntries(forecasts) };
    this.#windowMs = longestWindowMs(policy);
    this.#memoryMs = longestMemoryMs(policy);
  }

  act(nowMs: number, { fleet, eyes, served, rate }: Look): Decision {
    const { wanted, ready, starting } = fleet;
    if (rate !== undefined) for (const forecast of this.#forecasts) forecast.observe(nowMs - 1, rate);
    const readings = rate === undefined ? {} : eyes(nowMs, { rate, ready, served });
    if (this.#recommendations.length === 0) this.#recommendations.push({ atMs: nowMs, replicas: wanted });
    const decision = decide(
      {
        configuration: this.#configuration,
        manual: undefined,
        history: this.#steps,
        recommendations: this.#recommendations,
        foresight: this.#foresight,
      },
      { atMs: nowMs, wanted, ready, starting, stopping: 0, readings },
    );
    if (decision.recommended !== undefined) this.#recommend({ atMs: nowMs, replicas: decision.recommended });
    if (decision.action === 'hold') return decision;
    fleet.resize(decision.to, nowMs);
    this.#steps = this.#steps.filter(({ atMs }) => atMs > nowMs - this.#memoryMs);
    this.#steps.push(stepOf(decision));
    return decision;
  }

  /** Of those that are older than every window, the last still counts. Pruned now and then: an array shifts slowly. */
  #recommend(recommendation: Recommendation): void {
    this.#recommendations.push(recommendation);
    if (this.#recommendations.length < this.#pruneAt) return;
    const from = recommendation.atMs - this.#windowMs;
    const first = this.#recommendations.findIndex(({ atMs }) => atMs > from);
    this.#recommendations = this.#recommendations.slice(Math.max(0, first - 1));
    this.#pruneAt = 2 * this.#recommendations.length + recommendationsMin;
  }
}

const recommendationsMin = 64;

function longestWindowMs({ scaleOut, scaleIn, hpa }: ScalingPolicy): number {
  const { scaleUp, scaleDown } = hpa?.behavior ?? {};
  const ofHpa = [scaleUp?.stabilizationSeconds ?? 0, scaleDown?.stabilizationSeconds ?? 300].map(
    (each) => each * 1000,
  );
  return Math.max(scaleOut.stabilizationMs, scaleIn.stabilizationMs, ...(hpa === undefined ? [] : ofHpa));
}

const hourMs = 3_600_000;

/** How long a step may matter: for cooldowns and rates, and for a cost limit a day. */
function longestMemoryMs({ scaleOut, scaleIn, rules, cost }: ScalingPolicy): number {
  const directions = [scaleOut, scaleIn].flatMap(({ cooldownMs, limits }) => [
    cooldownMs,
    ...limits.map(({ periodMs }) => periodMs),
  ]);
  const ofRules = rules.flatMap((rule) =>
    rule.kind === 'calendar' ? [] : [rule.scaleOutCooldownMs, rule.scaleInCooldownMs],
  );
  const ofCost = cost.instanceHoursPerDayMax === undefined ? 0 : 24 * hourMs;
  // An autoscaler's periods are at most half an hour.
  return Math.max(hourMs, ofCost, ...directions, ...ofRules);
}

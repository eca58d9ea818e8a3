import { formatDuration } from '../../base/index.ts';
import { createForecaster, type Forecaster, type Foreseen } from '../../capacity/index.ts';
import { showMetric } from '../policy/metric.ts';
import type { ForecastRule } from '../policy/rule.ts';
import type { Observation } from './observation.ts';
import { capacityOf } from './sizing.ts';
import type { MetricSeries, Proposal, ScalingContext } from './strategy.ts';
import { unseen } from './threshold.ts';

/**
 * At least as many instances as will be needed until one that is started now is ready, by the upper part of what the
 * forecast holds possible. A floor: on a forecast alone nothing is taken away. Pure.
 */
export function proposeByForecast(
  rule: ForecastRule,
  observed: Observation,
  context: ScalingContext,
): Proposal {
  const { metric, quantile } = rule;
  const { wanted, atMs } = observed;
  const named = {
    metric,
    kind: 'forecast',
    isFloor: true,
    scaleOutAbove: undefined,
    scaleInBelow: undefined,
  } as const;
  const nothing = (because: string): Proposal => ({ ...named, ...unseen(wanted), because });
  const startMs = rule.leadMs ?? context.startMs;
  if (startMs === undefined) return nothing('is not foreseen: how long a start takes was not measured yet');
  const leadMs = startMs + rule.marginMs;
  const foreseen = highestWithin(foresightOf(rule, context), { atMs, leadMs, quantile });
  if (foreseen === undefined) return nothing('is not foreseen: too little of its past is known');
  const needs = instancesFor(rule, observed, { demand: foreseen, staleAfterMs: context.staleAfterMs });
  if (needs === undefined) return nothing('is foreseen, but no number of instances would carry it');
  const share = `${Number((100 * quantile).toFixed(1))} %`;
  return {
    ...named,
    says: needs > wanted ? 'more' : 'stay',
    wants: needs,
    seen: foreseen,
    ageMs: 0,
    count: undefined,
    because: `will be at most ${showMetric(metric, foreseen)} within ${formatDuration(leadMs)}, ${share} sure, which takes ${needs}`,
  };
}

type Foresee = (atMs: number) => Foreseen | undefined;

/** The rolling forecast, or one that is made of the past that was given, once for each. */
function foresightOf({ metric }: ForecastRule, { forecasts, series }: ScalingContext): Foresee {
  const rolling = forecasts[metric];
  if (rolling !== undefined) return (atMs) => rolling.at(atMs);
  const past = series[metric];
  if (past === undefined) return () => undefined;
  const made = forecasters.get(past) ?? createForecaster(past);
  forecasters.set(past, made);
  const endMs = past.startMs + past.values.length * past.stepMs;
  return (atMs) => made.at(Math.max(past.stepMs, atMs - endMs));
}

const forecasters = new WeakMap<MetricSeries, Forecaster>();

/** Also on the way there: what is needed sooner will not be there in time, but the sooner the better. */
function highestWithin(
  foresee: Foresee,
  { atMs, leadMs, quantile }: { readonly atMs: number; readonly leadMs: number; readonly quantile: number },
): number | undefined {
  const found = [1 / 3, 2 / 3, 1].flatMap(
    (share) => foresee(atMs + share * leadMs)?.quantile(quantile) ?? [],
  );
  return found.length === 0 ? undefined : Math.max(...found);
}

function instancesFor(
  { target, sizing }: ForecastRule,
  observed: Observation,
  { demand, staleAfterMs }: { readonly demand: number; readonly staleAfterMs: number },
): number | undefined {
  if (target !== undefined) return Math.max(1, Math.ceil(demand / target - 1e-9));
  if (sizing === undefined) return undefined;
  return capacityOf(sizing, observed, staleAfterMs)?.instancesFor(demand * (1 + sizing.headroom));
}

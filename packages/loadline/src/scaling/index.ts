/** Keeps groups of instances at the right size: policies, decisions with their reasons, drivers that act; and brings new builds in. */
export { decide } from './decide/decide.ts';
export type {
  Bound,
  Decision,
  Recommendation,
  ScalingAction,
  ScalingStep,
  StepAsker,
} from './decide/decision.ts';
export type { Foresight, ScalingHold, Standing } from './decide/standing.ts';
export type { DecisionSpan } from './decision-span.ts';
export type {
  Fleet,
  Instance,
  InstanceState,
  LeavingInstance,
  Observed,
  Outcome,
  Quota,
  ReplacingDriver,
  RestartProgress,
  ScalingDriver,
  ServedInstance,
  TrafficGate,
  Withdrawal,
} from './driver.ts';
export { createDriverFleet, type DriverFleet, type DriverFleetOptions } from './driver-fleet.ts';
export { createGivenDriver, type GivenDriver, type GivenDriverOptions } from './drivers/given.ts';
export type { GivenServer, GivenServers } from './drivers/given-kind.ts';
export type { PassageCounts } from './drivers/passage.ts';
export { createProcessDriver, type ProcessDriver, type ProcessDriverOptions } from './drivers/process.ts';
export type { QuotaWish, ServiceCommand } from './drivers/service-command.ts';
export {
  createSimulatedDriver,
  type SimulatedDriver,
  type SimulatedFault,
  type SimulatedOptions,
} from './drivers/simulated.ts';
export { scalingError, scalingErrorTable } from './errors.ts';
export { type DeploymentExportRequest, exportDeployment } from './export/export-deployment.ts';
export { exportHpa } from './export/export-hpa.ts';
export { exportKeda, type KedaExportRequest } from './export/export-keda.ts';
export { exportPdb } from './export/export-pdb.ts';
export type { Exported, ExportRequest } from './export/exported.ts';
export { writeManifests } from './export/write-manifests.ts';
export type { GroupCounts } from './group-counts.ts';
export type { Round, RoundOutcome, StepOutcome } from './group-round.ts';
export { decideHpa, type HpaCondition, type HpaDecision } from './hpa/decide-hpa.ts';
export type { HpaHistory, HpaLimit } from './hpa/normalize.ts';
export {
  type HpaObservation,
  type HpaPod,
  type HpaPodSample,
  type HpaSamples,
  type HpaSettings,
  hpaSettings,
  metricKey,
} from './hpa/observation.ts';
export type { MetricReplicas } from './hpa/replicas.ts';
export type { HpaBehavior, HpaDirection, HpaMetric, HpaRatePolicy, HpaSpec } from './hpa/spec.ts';
export type { Fence, Permit } from './leadership/fence.ts';
export {
  type Leadership,
  type LeadershipCounts,
  type LeadershipOptions,
  openLeadership,
} from './leadership/leadership.ts';
export type { KeptLease, LeaseBook, LeaseWish } from './leadership/lease.ts';
export {
  createScalingMemory,
  type DecisionQuery,
  type EventQuery,
  type Remembered,
  type ScalingEvent,
  type ScalingMemory,
  type ScalingTrigger,
} from './memory.ts';
export { mergeReadings } from './merge-readings.ts';
export {
  type KnownMetric,
  type MetricMerge,
  type MetricScope,
  type ScalingMetric,
  scalingMetricNames,
  scalingMetrics,
  showMetric,
  type WantedMetric,
} from './policy/metric.ts';
export { parseScalingPolicy } from './policy/parse-policy.ts';
export {
  type CostLimit,
  type DirectionPolicy,
  directionDefaults,
  type FreezeWindow,
  type ManualScaling,
  policyDefaults,
  type RateLimit,
  type ScalingConfiguration,
  type ScalingPolicy,
} from './policy/policy.ts';
export { namedScalingPresets, scalingPresets } from './policy/presets.ts';
export type {
  CalendarFloor,
  CalendarRule,
  ForecastRule,
  RuleName,
  ScalingRule,
  SizingRule,
  TargetRule,
  ThresholdRule,
  WhenMissing,
} from './policy/rule.ts';
export { upgradeConfiguration } from './policy/upgrade-policy.ts';
export { wantedMetrics } from './policy/wanted-metrics.ts';
export { writeScalingPolicy } from './policy/write-policy.ts';
export {
  createPrometheusReadings,
  type PrometheusReadingsOptions,
} from './prometheus/prometheus-readings.ts';
export type { ReadingsPort } from './readings.ts';
export type { RestartOrder } from './restart.ts';
export type { Capacity } from './rollout/advance.ts';
export { createDocumentRolloutMemory, type RolloutDocuments } from './rollout/document-memory.ts';
export type { Fitness } from './rollout/fitness.ts';
export type { RolloutHold } from './rollout/hold.ts';
export type { Judgement, RolloutEffect } from './rollout/judge.ts';
export { createRolloutMemory, type RolloutMemory } from './rollout/memory.ts';
export { parseRolloutPlan } from './rollout/parse-plan.ts';
export type { RolloutPlan } from './rollout/plan.ts';
export type { RolloutBuilds, RolloutFleet, RolloutReadings, TrafficSplit } from './rollout/ports.ts';
export { createPoolSplit, createProxySplit } from './rollout/proxy-split.ts';
export {
  isRolloutOver,
  isRolloutUnderWay,
  type RolloutEntry,
  type RolloutPhase,
  type RolloutState,
} from './rollout/state.ts';
export type { Counted, InstanceTotals, TrafficTotals } from './rollout/traffic-seen.ts';
export {
  openRollouts,
  type RolloutCommand,
  type RolloutRequest,
  type RolloutStatus,
  type Rollouts,
  type RolloutsOptions,
} from './rollout.ts';
export type { ScalingGate } from './rule-gate.ts';
export {
  type ManualRequest,
  openScaler,
  type PolicyChange,
  type Scaler,
  type ScalerOptions,
  type ScalingStatus,
} from './scaler.ts';
export type {
  NoReading,
  Observation,
  Readings,
  ScalingReading,
  SeenInstance,
} from './strategies/observation.ts';
export type {
  MetricSeries,
  Proposal,
  ScalingContext,
  SeriesByMetric,
  Strategy,
} from './strategies/strategy.ts';

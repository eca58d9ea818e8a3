/** Policy, decision, driver, outcome; rollouts. */
export { decide, type Standing } from './decide.ts';
export type {
  Bound,
  Decision,
  Observation,
  Proposal,
  Readings,
  ScalingAction,
  ScalingReading,
  ScalingStep,
} from './decision.ts';
export type {
  Fleet,
  Instance,
  InstanceState,
  LeavingInstance,
  Observed,
  Outcome,
  Quota,
  ScalingDriver,
  ServedInstance,
  TrafficGate,
  Withdrawal,
} from './driver.ts';
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
export type { StepOutcome } from './event.ts';
export type { GroupCounts, ReadingsPort, Round } from './group.ts';
export {
  createScalingMemory,
  type EventQuery,
  type Remembered,
  type ScalingEvent,
  type ScalingMemory,
  type ScalingTrigger,
} from './memory.ts';
export { type ScalingMetric, scalingMetricNames, scalingMetrics, showMetric } from './metric.ts';
export { parseScalingPolicy, writeScalingPolicy } from './parse-policy.ts';
export type { ManualScaling, ScalingConfiguration, ScalingPolicy, ThresholdRule } from './policy.ts';
export { scalingPresets } from './presets.ts';
export {
  type ManualRequest,
  openScaler,
  type PolicyChange,
  type Scaler,
  type ScalerOptions,
  type ScalingStatus,
} from './scaler.ts';

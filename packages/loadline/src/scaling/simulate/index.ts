/** Tries a scaling policy on a trace before it is trusted with traffic. */
export { type CurvePoint, frontOf, violatedRatioAt } from './curve.ts';
export { unmodelledMetrics } from './eyes.ts';
export { generateTrace, type Span, type TraceShape } from './generate-trace.ts';
export { renderSimulationHtml } from './page/page.ts';
export { readTraceCsv } from './read-trace-csv.ts';
export { type PrometheusTrace, readTracePrometheus } from './read-trace-prometheus.ts';
export { readTraceStore, type StoreTrace } from './read-trace-store.ts';
export {
  type AssumedFact,
  type LeftOut,
  type SimulationReport,
  type TriedPolicy,
  tellLeftOut,
} from './report.ts';
export type { SimulatedService } from './service.ts';
export { type SimulationOptions, simulate } from './simulate.ts';
export { type PolicySweep, sweepPolicy } from './sweep-policy.ts';
export type { SimulatedPiece, SimulatedStep, SimulationResult } from './tally.ts';
export type { Trace } from './trace.ts';
export { type TracePoint, traceOfPoints } from './trace-of-points.ts';
export { varyPolicy } from './vary-policy.ts';

/** Makes traffic on schedule and tells the truth about it. */
export { loadErrorTable } from './errors.ts';
export type { PlanChoice } from './file/plan-from.ts';
export { type PlanOptions, readLoadPlan } from './file/read-plan.ts';
export { extentOf } from './flow-plan.ts';
export type { LoadOptions } from './load.ts';
export { runLoad } from './load.ts';
export type { GeneratorSample, GeneratorVerdict } from './measure/generator.ts';
export { judgeGenerator, judgeGenerators } from './measure/generator.ts';
export type { GeneratorWatch } from './measure/generator-watch.ts';
export type { DataSource, LoadLimits, LoadPlan, RequestStep, Scenario, Stage, Step } from './plan.ts';
export type { LoadProgress, LoadSample } from './progress.ts';
export type { LoadReport, Verdict } from './report.ts';
export type { LatencySummary, ReportRow } from './report-row.ts';
export type { ProcessUsage, ProcessWatch, WatchedProcess } from './resources/process-usage.ts';
export { watchProcesses } from './resources/process-usage.ts';
export type { ResourceSeries } from './resources/resource.ts';
export type { Schedule } from './schedule.ts';
export { createSchedule } from './schedule.ts';
export type { RequestOptions, ScenarioFunction, ScenarioResponse, ScenarioUser } from './scripts/scenario.ts';
export { defineScenario } from './scripts/scenario.ts';
export { sessionProtocolsOf } from './session-protocols.ts';
export { resolveRedirectHosts, resolveTarget } from './target.ts';
export type { ThresholdResult } from './threshold.ts';
export { createFunctionTransport, type FunctionReply } from './transports/function.ts';
export {
  createFunctionSessions,
  type FarEnd,
  type FunctionHandshake,
} from './transports/function-sessions.ts';
export { createHttp1Transport, type Http1Options } from './transports/http1.ts';
export { openTransport, type ProtocolOptions } from './transports/open-transport.ts';
export {
  type ConnectRequest,
  type LoadTransport,
  type SessionCounts,
  type SessionTransport,
  type SessionTransports,
  withSessions,
} from './transports/session.ts';
export type {
  Channel,
  Failure,
  FailureReason,
  OutgoingRequest,
  ReplyHandler,
  Response,
  Transport,
} from './transports/transport.ts';
export type { FromWorker, Link, ToWorker, WorkerLink } from './workers/link.ts';
export { generatorFlags, startLocalWorkers } from './workers/local-workers.ts';
export { runWorkers, type WorkersOptions } from './workers/run-workers.ts';
export { type WorkerMeans, work } from './workers/worker.ts';
export { countWorkers, type MachineLimits, usersAtMost } from './workers/worker-count.ts';
export type { WorkerData } from './workers/worker-process.ts';

/** Makes traffic on schedule and tells the truth about it. */
export { type LendOptions, lendMachine } from './agents/lend-machine.ts';
export { type AgentListener, type ListenOptions, listenForAgents } from './agents/listen-for-agents.ts';
export { type ErrandOptions, type PreparedErrand, prepareErrand } from './agents/prepare-errand.ts';
export type { ComparedRun, CompareOptions, Comparison } from './compare/compare-runs.ts';
export { compareRuns } from './compare/compare-runs.ts';
export type { Difference } from './compare/differences.ts';
export type { Effect, EffectVerdict } from './compare/effect.ts';
export { readReports } from './compare/read-report.ts';
export type { ReportedRow, ReportedRun } from './compare/reported-run.ts';
export { loadErrorTable } from './errors.ts';
export type { PlanChoice } from './file/plan-from.ts';
export { type PlanOptions, readLoadPlan } from './file/read-plan.ts';
export type { FindLimitOptions, StartingProbe } from './limit/find-limit.ts';
export { expectedTime, findLimit } from './limit/find-limit.ts';
export type { LimitAsked, LimitReport, ProbeRow } from './limit/limit-report.ts';
export { type LimitChoice, readLimitAsked } from './limit/read-asked.ts';
export type { LoadOptions } from './load.ts';
export { runLoad } from './load.ts';
export type { GeneratorSample, GeneratorVerdict } from './measure/generator.ts';
export { judgeGenerator, judgeGenerators } from './measure/generator.ts';
export type { GeneratorWatch } from './measure/generator-watch.ts';
export { renderCsv } from './output/csv.ts';
export { renderHtml } from './output/html/page.ts';
export { renderJunit } from './output/junit.ts';
export { createLiveOutputs, type LiveOutputOptions, type LiveOutputs } from './output/live.ts';
export type { LiveSample } from './output/live-metrics.ts';
export type { MarkdownOptions } from './output/markdown.ts';
export { renderMarkdown } from './output/markdown.ts';
export type { DataSource, LoadLimits, LoadPlan, RequestStep, Scenario, Stage, Step } from './plan.ts';
export type { LoadProgress, LoadSample } from './progress.ts';
export type { LoadReport, Verdict } from './report.ts';
export type { LatencySummary, ReportRow } from './report-row.ts';
export type { ProcessUsage, ProcessWatch, WatchedProcess } from './resources/process-usage.ts';
export { watchProcesses } from './resources/process-usage.ts';
export type { ResourceSeries } from './resources/resource.ts';
export type { AskedResources, ResourceWatch, WatchResourcesOptions } from './resources/watch-resources.ts';
export { watchResources } from './resources/watch-resources.ts';
export type { Schedule } from './schedule.ts';
export { createSchedule } from './schedule.ts';
export type { RequestOptions, ScenarioFunction, ScenarioResponse, ScenarioUser } from './scripts/scenario.ts';
export { defineScenario } from './scripts/scenario.ts';
export { resolveTarget } from './target.ts';
export type { ThresholdResult } from './threshold.ts';
export { createFunctionTransport, type FunctionReply } from './transports/function.ts';
export { createHttp1Transport, type Http1Options } from './transports/http1.ts';
export { openTransport, type ProtocolOptions } from './transports/open-transport.ts';
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
export { startLocalWorkers } from './workers/local-workers.ts';
export { runWorkers, type WorkersOptions } from './workers/run-workers.ts';
export { type WorkerMeans, work } from './workers/worker.ts';
export { countWorkers, type MachineLimits, usersAtMost } from './workers/worker-count.ts';
export type { WorkerData } from './workers/worker-process.ts';

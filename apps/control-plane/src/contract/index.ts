/** The API as data: every operation with the schemas that validate it, its types, and its OpenAPI document. */
export type { Handlers, Reply, Request, Requester } from './handler.ts';
export { momentOf, timeOf, timesOf } from './moments.ts';
export { openApiDocument } from './open-api.ts';
export type { Operation, OperationName, Schema } from './operations.ts';
export { operationNames, operations } from './operations.ts';
export type {
  AlertRuleOrder,
  AlertRuleView,
  AlertView,
  ApiKey,
  AuditEntry,
  IncidentView,
  Instance,
  InstanceNow,
  IntakeReceipt,
  JudgedTargetsView,
  LoadTest,
  LoadTestState,
  MetricBatch,
  MetricNamePage,
  MetricsChart,
  NewApiKey,
  ProblemDocument,
  ProfilingSession,
  RecommendationList,
  RegistrationView,
  RolloutView,
  ScalingDecision,
  ScalingEvent,
  ScalingEventPage,
  ScalingGroup,
  Schedule,
  ServiceNow,
  SessionView,
  SilenceView,
  TestOrder,
} from './shapes.ts';
export { schemas } from './shapes.ts';

import type { FromSchema } from 'json-schema-to-ts';
import {
  apiKeySchema,
  apiKeysSchema,
  auditEntrySchema,
  auditPageSchema,
  keyOrderSchema,
  newApiKeySchema,
  sessionOrderSchema,
  sessionSchema,
} from './access-schemas.ts';
import {
  alertPageSchema,
  alertRuleChangeSchema,
  alertRuleOrderSchema,
  alertRuleSchema,
  alertRulesSchema,
  alertSchema,
  incidentNoteSchema,
  incidentPageSchema,
  incidentSchema,
  incidentTakeSchema,
  judgedServiceSchema,
  judgedTargetsSchema,
  silenceOrderSchema,
  silenceSchema,
  silencesSchema,
} from './alert-schemas.ts';
import {
  instanceOrderSchema,
  instanceSchema,
  instancesSchema,
  registrationSchema,
} from './instance-schemas.ts';
import { intakeReceiptSchema, metricBatchSchema, metricSampleSchema } from './intake-schemas.ts';
import {
  apdexNowSchema,
  distributionNowSchema,
  healthNowSchema,
  instanceNowSchema,
  metricsNowSchema,
  serviceNowSchema,
  vitalNowSchema,
} from './metrics-now-schemas.ts';
import {
  metricNamePageSchema,
  metricsChartSchema,
  metricsFigureSchema,
  metricsPointSchema,
} from './metrics-schemas.ts';
import { problemSchema } from './problem-schema.ts';
import {
  profileDocumentSchema,
  profilingOrderSchema,
  profilingOverheadSchema,
  profilingSessionPageSchema,
  profilingSessionSchema,
  profilingStopSchema,
} from './profiling-schemas.ts';
import {
  evidenceSchema,
  expectationSchema,
  findingSchema,
  recommendationSchema,
  recommendationsSchema,
} from './recommendation-schemas.ts';
import {
  rolloutEffectSchema,
  rolloutListSchema,
  rolloutOrderSchema,
  rolloutPromotionSchema,
  rolloutReasonSchema,
  rolloutSchema,
  rolloutTurnSchema,
} from './rollout-schemas.ts';
import {
  manualOrderSchema,
  manualScalingSchema,
  restartOrderSchema,
  scalingChangeSchema,
  scalingDecisionListSchema,
  scalingDecisionSchema,
  scalingEventPageSchema,
  scalingEventSchema,
  scalingFleetSchema,
  scalingGroupSchema,
  scalingInstanceSchema,
  scalingProposalSchema,
  scalingProxySchema,
  scalingRoundSchema,
  scalingStatusSchema,
} from './scaling-schemas.ts';
import { healthSchema } from './system-schemas.ts';
import {
  loadReportSchema,
  loadTestPageSchema,
  loadTestSchema,
  scheduleOrderSchema,
  scheduleSchema,
  schedulesSchema,
  testOrderSchema,
  testProgressSchema,
} from './test-schemas.ts';

/** Everything that goes in or out, by its name in the OpenAPI document. */
export const schemas: readonly NamedSchema[] = [
  alertPageSchema,
  alertRuleChangeSchema,
  alertRuleOrderSchema,
  alertRuleSchema,
  alertRulesSchema,
  alertSchema,
  apiKeySchema,
  apiKeysSchema,
  auditEntrySchema,
  auditPageSchema,
  healthSchema,
  incidentNoteSchema,
  incidentPageSchema,
  incidentSchema,
  incidentTakeSchema,
  instanceOrderSchema,
  instanceSchema,
  instancesSchema,
  intakeReceiptSchema,
  judgedServiceSchema,
  judgedTargetsSchema,
  keyOrderSchema,
  loadReportSchema,
  loadTestPageSchema,
  loadTestSchema,
  manualOrderSchema,
  manualScalingSchema,
  restartOrderSchema,
  apdexNowSchema,
  distributionNowSchema,
  healthNowSchema,
  instanceNowSchema,
  metricBatchSchema,
  metricNamePageSchema,
  metricSampleSchema,
  metricsChartSchema,
  metricsFigureSchema,
  metricsNowSchema,
  metricsPointSchema,
  serviceNowSchema,
  vitalNowSchema,
  newApiKeySchema,
  problemSchema,
  registrationSchema,
  profileDocumentSchema,
  profilingOrderSchema,
  profilingOverheadSchema,
  profilingSessionPageSchema,
  profilingSessionSchema,
  profilingStopSchema,
  evidenceSchema,
  expectationSchema,
  findingSchema,
  recommendationSchema,
  recommendationsSchema,
  rolloutEffectSchema,
  rolloutListSchema,
  rolloutOrderSchema,
  rolloutPromotionSchema,
  rolloutReasonSchema,
  rolloutSchema,
  rolloutTurnSchema,
  scalingChangeSchema,
  scalingDecisionListSchema,
  scalingDecisionSchema,
  scalingEventPageSchema,
  scalingEventSchema,
  scalingFleetSchema,
  scalingGroupSchema,
  scalingInstanceSchema,
  scalingProposalSchema,
  scalingProxySchema,
  scalingRoundSchema,
  scalingStatusSchema,
  scheduleOrderSchema,
  scheduleSchema,
  schedulesSchema,
  sessionOrderSchema,
  sessionSchema,
  silenceOrderSchema,
  silenceSchema,
  silencesSchema,
  testOrderSchema,
  testProgressSchema,
];

/** A schema under a name. Others refer to it by that. */
export interface NamedSchema {
  readonly $id: string;
  readonly [keyword: string]: unknown;
}

/** What each name stands for. */
export interface Shapes {
  readonly Alert: AlertView;
  readonly AlertPage: Page<AlertView>;
  readonly AlertRule: AlertRuleView;
  readonly AlertRuleChange: FromSchema<
    typeof alertRuleChangeSchema,
    { references: [typeof alertRuleOrderSchema] }
  >;
  readonly AlertRuleOrder: AlertRuleOrder;
  readonly AlertRules: { readonly items: readonly AlertRuleView[] };
  readonly ApiKey: ApiKey;
  readonly ApiKeys: { readonly items: readonly ApiKey[] };
  readonly AuditEntry: AuditEntry;
  readonly AuditPage: Page<AuditEntry>;
  readonly Health: FromSchema<typeof healthSchema>;
  readonly Incident: IncidentView;
  readonly IncidentNote: FromSchema<typeof incidentNoteSchema>;
  readonly IncidentPage: Page<IncidentView>;
  readonly IncidentTake: FromSchema<typeof incidentTakeSchema>;
  readonly Instance: Instance;
  readonly InstanceOrder: FromSchema<typeof instanceOrderSchema>;
  readonly Instances: { readonly items: readonly Instance[] };
  readonly IntakeReceipt: IntakeReceipt;
  readonly JudgedService: JudgedTargetsView['items'][number];
  readonly JudgedTargets: JudgedTargetsView;
  readonly KeyOrder: FromSchema<typeof keyOrderSchema>;
  readonly LoadReport: FromSchema<typeof loadReportSchema>;
  readonly LoadTest: LoadTest;
  readonly LoadTestPage: Page<LoadTest>;
  readonly ManualScaling: FromSchema<typeof manualScalingSchema>;
  readonly ManualScalingOrder: FromSchema<typeof manualOrderSchema>;
  readonly RestartOrder: FromSchema<typeof restartOrderSchema>;
  readonly ApdexNow: FromSchema<typeof apdexNowSchema>;
  readonly DistributionNow: FromSchema<typeof distributionNowSchema>;
  readonly HealthNow: FromSchema<typeof healthNowSchema>;
  readonly InstanceNow: InstanceNow;
  readonly MetricBatch: MetricBatch;
  readonly MetricNamePage: MetricNamePage;
  readonly MetricSample: MetricBatch['samples'][number];
  readonly MetricsChart: MetricsChart;
  readonly MetricsFigure: MetricsChart['figures'][number];
  readonly MetricsNow: { readonly at: string; readonly items: readonly ServiceNow[] };
  readonly MetricsPoint: FromSchema<typeof metricsPointSchema>;
  readonly ServiceNow: ServiceNow;
  readonly VitalNow: FromSchema<typeof vitalNowSchema>;
  readonly NewApiKey: NewApiKey;
  readonly Problem: ProblemDocument;
  readonly Registration: RegistrationView;
  readonly ProfileDocument: FromSchema<typeof profileDocumentSchema>;
  readonly ProfilingOrder: FromSchema<typeof profilingOrderSchema>;
  readonly ProfilingOverhead: FromSchema<typeof profilingOverheadSchema>;
  readonly ProfilingSession: ProfilingSession;
  readonly ProfilingSessionPage: Page<ProfilingSession>;
  readonly ProfilingStop: FromSchema<typeof profilingStopSchema>;
  readonly Evidence: FromSchema<typeof evidenceSchema>;
  readonly Expectation: FromSchema<typeof expectationSchema>;
  readonly Finding: FromSchema<typeof findingSchema, { references: [typeof evidenceSchema] }>;
  readonly Recommendation: RecommendationList['items'][number];
  readonly Recommendations: RecommendationList;
  readonly Rollout: RolloutView;
  readonly RolloutEffect: FromSchema<typeof rolloutEffectSchema>;
  readonly RolloutList: { readonly items: readonly RolloutView[] };
  readonly RolloutOrder: FromSchema<typeof rolloutOrderSchema>;
  readonly RolloutPromotion: FromSchema<typeof rolloutPromotionSchema>;
  readonly RolloutReason: FromSchema<typeof rolloutReasonSchema>;
  readonly RolloutTurn: NonNullable<RolloutView['log']>[number];
  readonly ScalingChange: FromSchema<typeof scalingChangeSchema>;
  readonly ScalingDecision: ScalingDecision;
  readonly ScalingDecisionList: { readonly items: readonly ScalingDecision[] };
  readonly ScalingEvent: ScalingEvent;
  readonly ScalingEventPage: ScalingEventPage;
  readonly ScalingFleet: ScalingFleet;
  readonly ScalingGroup: ScalingGroup;
  readonly ScalingInstance: FromSchema<typeof scalingInstanceSchema>;
  readonly ScalingProposal: FromSchema<typeof scalingProposalSchema>;
  readonly ScalingProxy: FromSchema<typeof scalingProxySchema>;
  readonly ScalingRound: FromSchema<
    typeof scalingRoundSchema,
    { references: [typeof scalingProposalSchema] }
  >;
  readonly ScalingStatus: { readonly items: readonly ScalingGroup[] };
  readonly Schedule: Schedule;
  readonly ScheduleOrder: FromSchema<typeof scheduleOrderSchema, { references: [typeof testOrderSchema] }>;
  readonly Schedules: { readonly items: readonly Schedule[] };
  readonly Session: SessionView;
  readonly SessionOrder: FromSchema<typeof sessionOrderSchema>;
  readonly Silence: SilenceView;
  readonly SilenceOrder: FromSchema<typeof silenceOrderSchema>;
  readonly Silences: { readonly items: readonly SilenceView[] };
  readonly TestOrder: TestOrder;
  readonly TestProgress: FromSchema<typeof testProgressSchema>;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor?: string;
}

/** One series under one rule, as it stands. */
export type AlertView = FromSchema<typeof alertSchema>;

/** A rule as somebody writes it: what is left out has its default. */
export type AlertRuleOrder = FromSchema<typeof alertRuleOrderSchema>;

/** A rule as it is in force, with everything filled in. */
export type AlertRuleView = FromSchema<typeof alertRuleSchema, { references: [typeof alertRuleOrderSchema] }>;

/** For how long alerts whose labels match are not told, who has asked for it, and why. */
export type SilenceView = FromSchema<typeof silenceSchema>;

/** Alerts that belong together, and what happened while they were worked on. */
export type IncidentView = FromSchema<typeof incidentSchema>;

/** What each service was held against, from when to when, and what became of it. */
export type JudgedTargetsView = FromSchema<
  typeof judgedTargetsSchema,
  { references: [typeof judgedServiceSchema] }
>;

/** A key as it is remembered: never its secret. */
export type ApiKey = FromSchema<typeof apiKeySchema>;

/** The one answer that has a key's secret. */
export type NewApiKey = FromSchema<typeof newApiKeySchema, { references: [typeof apiKeySchema] }>;

/** Who asked for a change, and what came of it. */
export type AuditEntry = FromSchema<typeof auditEntrySchema>;

/** Who one is, by a key or by a browser's session. */
export type SessionView = FromSchema<typeof sessionSchema>;

/** An instance that is watched, where it is known from, and whether it answers. */
export type Instance = FromSchema<typeof instanceSchema>;

/** What became of samples that were sent in. */
export type IntakeReceipt = FromSchema<typeof intakeReceiptSchema>;

/** Samples that are sent in: 1 to 10,000 of them. */
export type MetricBatch = FromSchema<typeof metricBatchSchema, { references: [typeof metricSampleSchema] }>;

/** An instance that made itself known, and how often it has to say that it is there. */
export type RegistrationView = FromSchema<typeof registrationSchema>;

/** What every refusal looks like: RFC 9457, with a stable code. */
export type ProblemDocument = FromSchema<typeof problemSchema>;

/** What is to be run: a profile, a whole scenario, or a profile for a scenario. */
export type TestOrder = FromSchema<typeof testOrderSchema>;

/** A test from its order to its verdict, without its results. */
export type LoadTest = FromSchema<typeof loadTestSchema, { references: [typeof testProgressSchema] }>;

/** What one instance last showed. */
export type InstanceNow = FromSchema<typeof instanceNowSchema>;

/** What the instances of a service last showed, taken together. */
export type ServiceNow = FromSchema<
  typeof serviceNowSchema,
  {
    references: [
      typeof apdexNowSchema,
      typeof distributionNowSchema,
      typeof healthNowSchema,
      typeof instanceNowSchema,
      typeof vitalNowSchema,
    ];
  }
>;

/** A part of the metrics that are kept, with their units and services. */
export type MetricNamePage = FromSchema<typeof metricNamePageSchema>;

/** Figures of metrics over a window of time, a point a step. */
export type MetricsChart = FromSchema<
  typeof metricsChartSchema,
  { references: [typeof metricsFigureSchema, typeof metricsPointSchema] }
>;

/** Where a test stands; the last four are final. */
export type LoadTestState = LoadTest['state'];

/** A profile of one instance that is being taken or was. */
export type ProfilingSession = FromSchema<
  typeof profilingSessionSchema,
  { references: [typeof profilingOverheadSchema] }
>;

/** What to do, the most pressing first; also what was found or could not be looked at, and has no advice. */
export type RecommendationList = FromSchema<
  typeof recommendationsSchema,
  {
    references: [
      typeof recommendationSchema,
      typeof expectationSchema,
      typeof findingSchema,
      typeof evidenceSchema,
    ];
  }
>;

/** A new build that comes in by shares of the requests, and how far it is. */
export type RolloutView = FromSchema<
  typeof rolloutSchema,
  { references: [typeof rolloutEffectSchema, typeof rolloutTurnSchema] }
>;

/** What was decided about a group for a while, and why. */
export type ScalingDecision = FromSchema<
  typeof scalingDecisionSchema,
  { references: [typeof scalingProposalSchema] }
>;

/** One change of a group's capacity. */
export type ScalingEvent = FromSchema<typeof scalingEventSchema>;

/** A part of the scaling events, the newest first. */
export type ScalingEventPage = Page<ScalingEvent>;
export type ScalingFleet = FromSchema<
  typeof scalingFleetSchema,
  { references: [typeof scalingInstanceSchema] }
>;

/** A group with its policy, and how it stands. */
export type ScalingGroup = FromSchema<
  typeof scalingGroupSchema,
  {
    references: [
      typeof manualScalingSchema,
      typeof scalingFleetSchema,
      typeof scalingInstanceSchema,
      typeof scalingProposalSchema,
      typeof scalingProxySchema,
      typeof scalingRoundSchema,
    ];
  }
>;

/** When a test is run by itself: cron in a time zone. */
export type Schedule = FromSchema<typeof scheduleSchema, { references: [typeof testOrderSchema] }>;

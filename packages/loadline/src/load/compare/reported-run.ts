/** As much of a load report as comparing needs; a `LoadReport` is one. */
export interface ReportedRun {
  /** Where it was read from; absent where it comes from elsewhere. */
  readonly file?: string;
  readonly name: string;
  readonly target: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seed: number;
  /** Absent in reports of the version before. */
  readonly planned?: { readonly load: readonly string[]; readonly fingerprint: string };
  readonly plannedMs: number;
  readonly activeMs: number;
  readonly verdict: { readonly status: RunStatus; readonly reasons: readonly string[] };
  readonly environment: RunEnvironment;
  readonly total: ReportedRow;
  readonly endpoints: readonly ReportedRow[];
}

export type RunStatus = (typeof runStatuses)[number];
export const runStatuses = ['passed', 'failed', 'invalid', 'inconclusive', 'interrupted'] as const;

/** Where the generator ran. */
export interface RunEnvironment {
  readonly loadline: string;
  readonly node: string;
  readonly os: string;
  readonly arch: string;
  readonly cpuModel: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly workers: number;
}

/** An endpoint, or the whole run. */
export interface ReportedRow extends ReportedSpan {
  readonly name: string;
  /** How often each status was answered; empty where nothing answered, or messages did. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Contiguous from the start, of equal length but for the last. */
  readonly timeline: readonly (ReportedSpan & { readonly durationMs: number })[];
}

/** What was counted in some time. */
export interface ReportedSpan {
  readonly requests: number;
  readonly errors: number;
  /** In microseconds, in wire form as base64. */
  readonly latencyHistogram: string;
  readonly serviceHistogram: string;
}

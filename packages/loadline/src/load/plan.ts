import type { Check, Extraction } from './steps/response-values.ts';
import type { Template } from './steps/template.ts';
import type { ThinkTime } from './steps/think-time.ts';
import type { Threshold } from './threshold.ts';

/** A load test, parsed and complete: what `runLoad` runs. */
export interface LoadPlan {
  /** Of the file or the test in it. */
  readonly name: string;
  /** Scheme, host, port and an optional base path, without a slash at the end: `http://127.0.0.1:8080`. */
  readonly target: string;
  /** Repeats every draw of the run. */
  readonly seed: number;
  readonly scenarios: readonly Scenario[];
  readonly data: readonly DataSource[];
  readonly stages: readonly Stage[];
  readonly thresholds: readonly Threshold[];
  readonly limits: LoadLimits;
}

export interface LoadLimits {
  /** How long a request may take, connecting included. */
  readonly requestTimeoutMs: number;
  /** How many users an open stage may have at once; further arrivals wait, measured from when they were due. */
  readonly usersMax: number;
  /** How long users may go on after the last stage, to end what they have begun. */
  readonly gracefulStopMs: number;
}

/** What one user does in one iteration. */
export interface Scenario {
  readonly name: string;
  /** Share of the iterations; drawn anew each time, relative to the other scenarios' weights. */
  readonly weight: number;
  readonly steps: readonly Step[];
}

export type Step = RequestStep | ThinkStep;

export interface ThinkStep {
  readonly kind: 'think';
  readonly think: ThinkTime;
}

export interface RequestStep {
  readonly kind: 'request';
  /** In the report: steps of the same name share a row. */
  readonly name: string;
  readonly method: Method;
  readonly path: Template;
  readonly headers: readonly HeaderTemplate[];
  readonly body: Template | undefined;
  /** Statuses that are no error; undefined means 200 to 399. */
  readonly expect: readonly number[] | undefined;
  readonly checks: readonly Check[];
  readonly saves: readonly Save[];
}

export type Method = (typeof methods)[number];
export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

export interface HeaderTemplate {
  readonly name: string;
  readonly value: Template;
}

/** A value that later steps of the same user find under a name. */
export interface Save {
  readonly name: string;
  readonly from: Extraction;
}

/** Rows of a data file, and how each iteration comes to one. */
export interface DataSource {
  readonly name: string;
  readonly file: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly pick: DataPick;
}

/**
 * `each`: one row a user, for its whole life. `sequential`: the next row each iteration, over and over.
 * `random`: any row each iteration. `once`: the next row each iteration, and the run ends its arrivals when
 * there is none.
 */
export type DataPick = (typeof dataPicks)[number];
export const dataPicks = ['each', 'sequential', 'random', 'once'] as const;

/** A part of the run's length in which users or arrivals go evenly from one level to another. */
export type Stage =
  | { readonly kind: 'users'; readonly from: number; readonly to: number; readonly durationMs: number }
  | { readonly kind: 'arrivals'; readonly from: number; readonly to: number; readonly durationMs: number };

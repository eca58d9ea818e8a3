import type { DataTable } from './data/data-table.ts';
import type { ScenarioFunction } from './scripts/scenario.ts';
import type { HeaderTemplate } from './steps/request-parts.ts';
import type { Check, Extraction } from './steps/response-values.ts';
import type { SessionStep } from './steps/session-step.ts';
import type { Template } from './steps/template.ts';
import type { ThinkTime } from './steps/think-time.ts';
import type { Threshold } from './threshold.ts';

/**
 * A load test, parsed and complete: what `runLoad` runs. Plain data, but for the TypeScript scenarios and the
 * rows of data files.
 */
export interface LoadPlan {
  /** Of the file or the test in it. */
  readonly name: string;
  /** Scheme, host, port and an optional base path, without a slash at the end: `http://127.0.0.1:8080`. */
  readonly target: string;
  /** Repeats every draw of the run. */
  readonly seed: number;
  readonly scenarios: readonly Scenario[];
  readonly data: readonly DataSource[];
  /** What the scenarios without a load of their own share, by weight. */
  readonly stages: readonly Stage[];
  readonly thresholds: readonly Threshold[];
  readonly limits: LoadLimits;
  /** What came from the environment: passwords and tokens, which must not stand in a message or a result. */
  readonly secrets?: readonly string[];
  /** What scripts may take from the environment; all of it is among the secrets. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** How long requests, and the end of a run, may take, and how many users there may be. */
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
  /** What it does instead of steps: a scenario that was written in TypeScript. */
  readonly script?: ScenarioFunction;
  /** Its own load, side by side with the others; absent where it shares the plan's. */
  readonly stages?: readonly Stage[];
}

/** One thing that a user does; docs/reference/scenario-file.md says how each is written. */
export type Step = RequestStep | SessionStep | ThinkStep | PaceStep | RepeatStep | ChooseStep;

export interface ThinkStep {
  readonly kind: 'think';
  readonly think: ThinkTime;
}

/**
 * Goes on when the drawn time has passed since the last time that this user was due here, so that a user keeps
 * a rate of its own whatever the answers take; one who is late goes on at once, measured from when it was due.
 */
export interface PaceStep {
  readonly kind: 'pace';
  readonly every: ThinkTime;
}

/** Does its steps from `from` to `to` times, drawn anew each time. */
export interface RepeatStep {
  readonly kind: 'repeat';
  readonly from: number;
  readonly to: number;
  readonly steps: readonly Step[];
}

/** Does the steps of one branch, drawn by weight. A branch may be without steps. */
export interface ChooseStep {
  readonly kind: 'choose';
  readonly branches: readonly { readonly weight: number; readonly steps: readonly Step[] }[];
}

/** Sends a request, and follows where it is redirected. */
export interface RequestStep {
  readonly kind: 'request';
  /** In the report: steps of the same name share a row. */
  readonly name: string;
  readonly method: Method;
  /** With the query. */
  readonly path: Template;
  readonly headers: readonly HeaderTemplate[];
  readonly body: Body | undefined;
  /** Statuses that are no error; undefined means 200 to 399. */
  readonly expect: readonly number[] | undefined;
  readonly checks: readonly Check[];
  readonly saves: readonly Save[];
  /** How many redirects are followed; 0 where the redirect is the answer. Default 10. */
  readonly redirectsMax?: number;
  /** Instead of the plan's. */
  readonly timeoutMs?: number;
}

export type Method = (typeof methods)[number];
export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

/** What a request carries: a text, or the parts of a form with files (RFC 7578). */
export type Body = Template | MultipartBody;

export interface MultipartBody {
  readonly boundary: string;
  readonly parts: readonly MultipartPart[];
}

export type MultipartPart =
  | { readonly name: string; readonly value: Template }
  | {
      readonly name: string;
      readonly fileName: string;
      readonly contentType: string;
      readonly bytes: Uint8Array;
    };

/** A value that later steps of the same user find under a name. */
export interface Save {
  readonly name: string;
  readonly from: Extraction;
}

/** Rows of a data file, and how each iteration comes to one. */
export interface DataSource {
  readonly name: string;
  readonly file: string;
  readonly table: DataTable;
  readonly pick: DataPick;
}

/**
 * `each`: one row a user, for its whole life. `sequential`: the next row each iteration, over and over.
 * `random`: any row each iteration. `once`: the next row each iteration; when there is none, the
 * iterations that are under way are the last.
 */
export type DataPick = (typeof dataPicks)[number];
export const dataPicks = ['each', 'sequential', 'random', 'once'] as const;

/** A part of a load's length. A level that changes goes evenly from one value to the other. */
export type Stage = UsersStage | ArrivalsStage | IterationsStage;

/** The closed model: so many users, each of which begins again when it has ended. */
export interface UsersStage {
  readonly kind: 'users';
  readonly from: number;
  readonly to: number;
  readonly durationMs: number;
}

/** The open model: so many arrivals a second, whoever is busy. */
export interface ArrivalsStage {
  readonly kind: 'arrivals';
  readonly from: number;
  readonly to: number;
  readonly durationMs: number;
  /** `poisson`: at random, as strangers come. Default `even`. */
  readonly spacing?: 'even' | 'poisson';
}

/** So many users, each for so many iterations; over when all have ended, or when the time is up. */
export interface IterationsStage {
  readonly kind: 'iterations';
  readonly users: number;
  readonly perUser: number;
  /** At most. */
  readonly durationMs: number;
}

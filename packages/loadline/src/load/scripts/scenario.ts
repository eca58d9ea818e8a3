import type { Failure } from '../transports/transport.ts';

/**
 * What YAML cannot say. One call is one iteration of one user; whatever it awaits of `user` happens in the
 * run's time, is measured, and ends when the run does. An iteration that throws is cut short, and counted.
 */
export type ScenarioFunction = (user: ScenarioUser) => Promise<void>;

/** Gives a scenario function its types: `export default defineScenario(async (user) => { … })`. */
export function defineScenario(scenario: ScenarioFunction): ScenarioFunction {
  return scenario;
}

/** The user of a scenario in TypeScript. It does one thing at a time: await each call before the next. */
export interface ScenarioUser {
  /** The user's number, from 0. */
  readonly number: number;
  /** The user's iteration, from 0. */
  readonly iteration: number;
  /** From 0 to 1; the run's seed repeats it. */
  random(): number;
  get(path: string, options?: RequestOptions): Promise<ScenarioResponse>;
  head(path: string, options?: RequestOptions): Promise<ScenarioResponse>;
  post(path: string, options?: RequestOptions): Promise<ScenarioResponse>;
  put(path: string, options?: RequestOptions): Promise<ScenarioResponse>;
  patch(path: string, options?: RequestOptions): Promise<ScenarioResponse>;
  delete(path: string, options?: RequestOptions): Promise<ScenarioResponse>;
  options(path: string, options?: RequestOptions): Promise<ScenarioResponse>;
  /** Pauses, in milliseconds; from 0. */
  think(durationMs: number): Promise<void>;
  /** Counts whether something holds, in the row of the last request; gives `holds` back. */
  check(name: string, holds: boolean): boolean;
  /** A column of the row of a data file that the user works with. @throws Error where there is none. */
  data(source: string, column: string): string;
  /**
   * A variable of the environment, blotted out of results as a secret. The name stands in the call, as in
   * `user.env('API_TOKEN')`, so that it is known before the run; one that is not there is a mistake of the file.
   *
   * @throws Error where the name is made up while the script runs.
   */
  env(name: string): string;
  /** A cookie that the target has set in this iteration. */
  cookie(name: string): string | undefined;
}

/** What a request of a script is made of, besides its method and its address. */
export interface RequestOptions {
  /** In the report; default the method and the path without its query. Give one where paths hold values. */
  readonly name?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. One body at most: json, form or body. */
  readonly json?: unknown;
  /** Sent as application/x-www-form-urlencoded. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as it is; its content type is for `headers` to say. */
  readonly body?: string | Uint8Array;
  /** Statuses that are no error; default 200 to 399. */
  readonly expect?: readonly number[];
  /** How many redirects are followed; default 10. */
  readonly redirects?: number;
  /** Default the plan's. */
  readonly timeoutMs?: number;
}

/**
 * An answer. `text`, `json`, `body` and `header` read it where it was received, which is the same place for
 * the next answer: read what you need before the next `await`, afterwards they throw. Where no answer came there is no
 * header, and the others throw.
 */
export interface ScenarioResponse {
  /** 0 where no answer came; then `failure` says why. */
  readonly status: number;
  readonly failure: Failure | undefined;
  /** The first of this name, in upper or lower case. */
  header(name: string): string | undefined;
  /** The body as UTF-8. */
  text(): string;
  /** Parses the body. @throws SyntaxError where it is no JSON. */
  json<Value = unknown>(): Value;
  /** A copy of the bytes. */
  body(): Uint8Array;
}

import type { Clock, Random } from '../../base/index.ts';
import type { Lane } from '../measure/lane.ts';
import type { Failure, OutgoingRequest, Response } from '../transports/transport.ts';
import type { RequestOptions, ScenarioFunction, ScenarioResponse, ScenarioUser } from './scenario.ts';
import { ScriptResponse } from './script-response.ts';
import type { ScriptRoutes } from './script-routes.ts';
import { textOf } from './thrown-text.ts';

/** The virtual user behind a script. */
export interface ScriptHost {
  readonly user: number;
  readonly iteration: number;
  readonly random: Random;
  readonly isStopping: boolean;
  send(
    request: OutgoingRequest,
    lane: Lane,
    expect: readonly number[] | undefined,
    redirectsMax: number,
  ): void;
  pause(durationMs: number): void;
  setDue(dueMs: number): void;
  column(source: string, column: string): string | undefined;
  cookie(name: string): string | undefined;
  /** The iteration has ended, by itself or by what was thrown. */
  onScriptEnd(problem: string | undefined): void;
}

/**
 * What a scenario function holds of its user. The promise of a request resolves while the answer is being
 * handled, so the function goes on before the memory that the answer stands in is used for the next one.
 */
export class ScriptUser implements ScenarioUser {
  readonly #host: ScriptHost;
  readonly #clock: Clock;
  /** Made once a user: a promise a step then costs no closure. */
  readonly #executor: Executor<never>;
  /** Of the step that is under way. */
  #promise: Promise<unknown> | undefined;
  #resolve: ((value: never) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;
  #routes: ScriptRoutes | undefined;
  #lane: Lane | undefined;
  #answer: ScriptResponse | undefined;
  /** Whether the next request is due at a time that is known already: the iteration's, or the end of a pause. */
  #isDue = false;
  /** Whether there was a request since the last pause. */
  #hasSent = false;
  /** Whether the iteration is over: what the function still does concerns nobody. */
  #isAbandoned = true;
  /** Whether the iteration ends when the step that is under way has: the function did not wait for it. */
  #endsWhenSettled = false;
  #problem: string | undefined;
  /** Made once a user, as `#executor` is. */
  readonly #onDone: () => void;
  readonly #onThrown: (error: unknown) => void;
  /** How many steps in a row were refused. */
  #refusals = 0;

  constructor(host: ScriptHost, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
    this.#executor = (resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    };
    this.#onDone = () => this.#end(undefined);
    this.#onThrown = (error) => this.#end(textOf(error));
  }

  /** Runs an iteration. The host is told when it has ended, unless it was abandoned. */
  begin(scenario: ScenarioFunction, routes: ScriptRoutes): void {
    this.#routes = routes;
    this.#lane = undefined;
    this.#isDue = true;
    this.#isAbandoned = false;
    this.#refusals = 0;
    started(scenario, this).then(this.#onDone, this.#onThrown);
  }

  #end(problem: string | undefined): void {
    if (this.#isAbandoned) return;
    this.#isAbandoned = true;
    const because = problem ?? (this.#resolve === undefined ? undefined : unawaited);
    this.#problem = because === undefined ? undefined : `${this.#routes?.scenario}: ${because}`;
    // The user's connection is free when the answer has come, whoever waits for it.
    if (this.#resolve === undefined) this.#host.onScriptEnd(this.#problem);
    else this.#endsWhenSettled = true;
  }

  /** The run, or the user's time, has ended: what the function awaits is rejected, and nobody is told. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#endsWhenSettled = false;
    const reject = this.#reject;
    // A step that nobody awaits must not end the process.
    this.#promise?.catch(ignore);
    this.#promise = undefined;
    this.#resolve = undefined;
    this.#reject = undefined;
    reject?.(new Error(runEnded));
  }

  onResponse(response: Response): void {
    this.#answer = new ScriptResponse(response.status, response, undefined);
    this.#settle(this.#answer as never);
  }

  onFailure(failure: Failure): void {
    this.#settle(new ScriptResponse(0, undefined, failure) as never);
  }

  onPaused(): void {
    this.#isDue = true;
    this.#settle(undefined as never);
  }

  #settle(value: never): void {
    const resolve = this.#resolve;
    this.#promise = undefined;
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#refusals = 0;
    resolve?.(value);
    if (!this.#endsWhenSettled) return;
    this.#endsWhenSettled = false;
    this.#host.onScriptEnd(this.#problem);
  }

  get number(): number {
    return this.#host.user;
  }

  get iteration(): number {
    return this.#host.iteration;
  }

  random(): number {
    return this.#host.random();
  }

  get(path: string, options?: RequestOptions): Promise<ScenarioResponse> {
    return this.#request('GET', path, options);
  }

  head(path: string, options?: RequestOptions): Promise<ScenarioResponse> {
    return this.#request('HEAD', path, options);
  }

  post(path: string, options?: RequestOptions): Promise<ScenarioResponse> {
    return this.#request('POST', path, options);
  }

  put(path: string, options?: RequestOptions): Promise<ScenarioResponse> {
    return this.#request('PUT', path, options);
  }

  patch(path: string, options?: RequestOptions): Promise<ScenarioResponse> {
    return this.#request('PATCH', path, options);
  }

  delete(path: string, options?: RequestOptions): Promise<ScenarioResponse> {
    return this.#request('DELETE', path, options);
  }

  options(path: string, options?: RequestOptions): Promise<ScenarioResponse> {
    return this.#request('OPTIONS', path, options);
  }

  think(durationMs: number): Promise<void> {
    const refused = this.#refuse();
    if (refused !== undefined) return refused;
    this.#goOn();
    // A pause of nothing costs nothing, but one after the other would never let anybody else have a turn.
    const isFree = durationMs <= 0 && this.#hasSent;
    this.#hasSent = false;
    if (isFree) return done;
    const promise = new Promise<void>(this.#executor as Executor<void>);
    this.#promise = promise;
    this.#host.pause(durationMs >= 0 ? durationMs : 0);
    return promise;
  }

  check(name: string, holds: boolean): boolean {
    const count = (this.#lane ?? (this.#routes as ScriptRoutes).lane('checks')).check(name);
    if (holds) count.passed++;
    else count.failed++;
    return holds;
  }

  data(source: string, column: string): string {
    const value = this.#host.column(source, column);
    if (value === undefined) throw new Error(`there is no ${source}.${column} in the data`);
    return value;
  }

  env(name: string): string {
    const { environment } = this.#routes as ScriptRoutes;
    if (Object.hasOwn(environment, name)) return environment[name] as string;
    throw new Error(`env takes a name that stands in the script as a text, as in user.env('${name}')`);
  }

  cookie(name: string): string | undefined {
    return this.#host.cookie(name);
  }

  #request(method: string, path: string, options: RequestOptions | undefined): Promise<ScenarioResponse> {
    const refused = this.#refuse();
    if (refused !== undefined) return refused;
    const { lane, request } = (this.#routes as ScriptRoutes).route(method, path, options);
    this.#lane = lane;
    this.#goOn();
    this.#isDue = false;
    this.#hasSent = true;
    const promise = new Promise<ScenarioResponse>(this.#executor as Executor<ScenarioResponse>);
    this.#promise = promise;
    this.#host.send(request, lane, options?.expect, options?.redirects ?? 10);
    return promise;
  }

  /** The step begins: what was read before is gone, and it is due now unless its time was known. */
  #goOn(): void {
    this.#answer?.forget();
    this.#answer = undefined;
    if (!this.#isDue) this.#host.setDue(this.#clock.monotonicMs());
  }

  /** A function that tries again for ever would let nobody else have a turn: in the end it gets no answer. */
  #refuse(): Promise<never> | undefined {
    const hasEnded = this.#isAbandoned || this.#host.isStopping;
    if (!hasEnded && this.#resolve === undefined) return undefined;
    if (++this.#refusals > refusalsMax) return new Promise(() => undefined);
    const refused = Promise.reject(new Error(hasEnded ? runEnded : oneAtATime));
    refused.catch(ignore);
    return refused;
  }
}

type Executor<Value> = (resolve: (value: Value) => void, reject: (reason: unknown) => void) => void;

/** Also a function that throws at once, because it is not async, rejects. */
function started(scenario: ScenarioFunction, user: ScenarioUser): Promise<void> {
  try {
    return Promise.resolve(scenario(user));
  } catch (error) {
    return Promise.reject(error);
  }
}

const ignore = (): void => undefined;
const done: Promise<void> = Promise.resolve();
const runEnded = 'the run has ended';
const oneAtATime = 'a user does one thing at a time: await each step before the next';
const unawaited = 'the function ended while a step was under way: await each step';
const refusalsMax = 1000;

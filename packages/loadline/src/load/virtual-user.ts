import type { Clock, Random } from '../base/index.ts';
import type { Agenda, Task } from './agenda.ts';
import type { DataRows } from './data/data-rows.ts';
import type { Lane } from './measure/lane.ts';
import type { Recorder } from './measure/recorder.ts';
import type { Op, Program, RequestOp, Script } from './program.ts';
import { type ScriptHost, ScriptUser } from './scripts/script-user.ts';
import { type SessionHost, SessionUser } from './sessions/session-user.ts';
import { addCookies, CookieJar } from './steps/cookie-jar.ts';
import { Filler, type Scope } from './steps/filler.ts';
import type { Judged } from './steps/judged.ts';
import { followRedirect } from './steps/redirect.ts';
import { buildRequest } from './steps/request-parts.ts';
import { OpenedResponse } from './steps/response-reader.ts';
import { drawThinkTime } from './steps/think-time.ts';
import type { LoadTransport } from './transports/session.ts';
import type { Channel, Failure, OutgoingRequest, ReplyHandler, Response } from './transports/transport.ts';

/** What all users of a run share. */
export interface UserContext {
  readonly clock: Clock;
  readonly agenda: Agenda;
  readonly recorder: Recorder;
  readonly data: DataRows;
  readonly transport: LoadTransport;
  readonly target: URL;
  /** The run's start on the clock's monotonic scale. */
  readonly startMs: number;
  /** How many values the scenarios save. */
  readonly variableCount: number;
  /** Called with how late a step began where nothing but this generator was in the way. */
  onLate(latenessMs: number): void;
}

/** Who gives a user its work. */
export interface Employer {
  /** An iteration has ended; the user is idle and may be given another. */
  onIdle(user: VirtualUser): void;
  /** A rest is over. */
  onRested(user: VirtualUser): void;
}

/**
 * One user walking through a scenario.
 *
 *   idle ──begin──▸ next op ⇄ pausing (agenda) │ waiting (request)
 *     ▴                │
 *     └── onIdle ◂─────┘ after the last op, or cut short where a template has no value
 *
 * A step is due when the one before it has ended, or its pause has. Latency counts from when it was due.
 * There may be a hundred thousand: what a user rarely needs is made when it is needed.
 */
export class VirtualUser implements Scope, Task, ReplyHandler, ScriptHost, SessionHost {
  readonly user: number;
  readonly random: Random;
  iteration = -1;
  variables: (string | undefined)[] = noVariables;
  /** Whether the last iteration could do nothing: the next one waits a little, so that no user spins. */
  needsRest = false;
  /** Whether the last iteration took no time at all, so that one after the other would never let go. */
  wasInstant = false;
  /** Whether it belongs to a closed stage: it begins again by itself. */
  isResident = false;
  /** How many iterations it may still begin; for shapes that count them. */
  iterationsLeft: number = Number.POSITIVE_INFINITY;
  /** Where its employer keeps it. */
  slot = -1;
  dueMs = 0;
  place = -1;

  readonly #context: UserContext;
  readonly #employer: Employer;
  readonly #channel: Channel;
  #state: 'idle' | 'running' | 'pausing' | 'waiting' | 'resting' = 'idle';
  #isStopping = false;
  #program: Program = noProgram;
  #at = 0;
  /** When the present step was due. `dueMs` is the agenda's, which may be a rest instead. */
  #stepDueMs = 0;
  #pacedMs = -1;
  #loops: number[] = noLoops;
  #jar: CookieJar | undefined;
  #hops = 0;
  /** The way to another origin, to which a redirect has led. */
  #away: Away | undefined;
  /** Whether the request that is under way goes there. */
  #isAway = false;
  #firstSentMs = -1;
  /** Of the request that is under way. */
  #request: OutgoingRequest | undefined;
  #lane: Lane | undefined;
  #expect: readonly number[] | undefined;
  #redirectsMax = 0;
  #script: ScriptUser | undefined;
  #session: SessionUser | undefined;

  constructor(user: number, random: Random, context: UserContext, employer: Employer) {
    this.user = user;
    this.random = random;
    this.#context = context;
    this.#employer = employer;
    this.#channel = context.transport.open(this);
  }

  /** Starts an iteration that was due at `dueMs` on the clock's monotonic scale. Only when idle. */
  begin(program: Program, dueMs: number): void {
    const { recorder, data } = this.#context;
    this.iteration++;
    this.iterationsLeft--;
    recorder.iterations.started++;
    data.beginIteration(this.user, this.random);
    this.needsRest = false;
    this.wasInstant = true;
    this.#jar = undefined;
    this.#program = program;
    this.#at = 0;
    this.#stepDueMs = dueMs;
    this.#state = 'running';
    if (program.script === undefined) this.#next();
    else this.#runScript(program.script);
  }

  /** Is idle for so long, and then calls back. */
  rest(durationMs: number): void {
    this.#state = 'resting';
    this.#context.agenda.add(this, this.#context.clock.monotonicMs() + durationMs);
  }

  /** Forgets what was saved: in an open model, the next iteration is another person. */
  forget(): void {
    this.variables = noVariables;
    this.#pacedMs = -1;
  }

  /** Ends a pause at once, lets a request end, begins nothing more. */
  stop(): void {
    this.#isStopping = true;
    if (this.#state === 'pausing') this.#interrupt();
  }

  /** Gives up whatever is under way. The user is idle afterwards, and nobody is told. */
  leave(): void {
    this.#isStopping = true;
    const { agenda, recorder } = this.#context;
    agenda.remove(this);
    if (this.#state === 'waiting') recorder.unfinished++;
    if (this.isBusy) recorder.iterations.interrupted++;
    this.#state = 'idle';
    this.#script?.abandon();
    this.#session?.abandon();
  }

  /** Closes its connections, after it has left. */
  close(): void {
    this.#session?.close();
    this.#away?.channel.close();
    this.#channel.close();
  }

  /** When the last step of its last iteration had ended, which is when another is due. */
  get endedMs(): number {
    return this.#stepDueMs;
  }

  /** Whether it is within an iteration. */
  get isBusy(): boolean {
    return this.#state !== 'idle' && this.#state !== 'resting';
  }

  isEmployedBy(employer: Employer): boolean {
    return this.#employer === employer;
  }

  get isResting(): boolean {
    return this.#state === 'resting';
  }

  /** Whether it was told to stop and will not begin again. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  nowMs(): number {
    return this.#context.clock.now();
  }

  cookie(name: string): string | undefined {
    return this.#jar?.value(name);
  }

  column(source: string, column: string): string | undefined {
    return this.#context.data.resolve(source, column)(this.user);
  }

  /** The agenda calls: a pause or a rest is over. */
  run(): void {
    if (this.#state === 'resting') {
      this.#state = 'idle';
      this.#employer.onRested(this);
      return;
    }
    const nowMs = this.#context.clock.monotonicMs();
    this.#context.onLate(nowMs - this.#stepDueMs);
    // The pause was that much shorter then: a request that is sent before it is due would have a latency
    // below its service time.
    this.#stepDueMs = Math.min(this.#stepDueMs, nowMs);
    this.#state = 'running';
    if (this.#program.script === undefined) this.#next();
    else (this.#script as ScriptUser).onPaused();
  }

  onResponse(response: Response): void {
    if (this.#state !== 'waiting') return;
    if (this.#firstSentMs < 0) this.#firstSentMs = response.sentMs;
    if (response.hasCookies && !this.#isAway) this.#acceptCookies(response);
    const { status } = response;
    if (status >= 300 && status < 400 && this.#redirectsMax > 0 && this.#redirect(response)) return;
    this.#state = 'running';
    const isError = !isExpected(this.#expect, status);
    const { recorder, startMs } = this.#context;
    const { receivedMs } = response;
    const lane = this.#lane as Lane;
    recorder.at(receivedMs - startMs);
    lane.bytesIn += response.bytesIn;
    lane.bytesOut += response.bytesOut;
    lane.response(status, isError, receivedMs - this.#stepDueMs, receivedMs - this.#firstSentMs);
    if (this.#program.script !== undefined) {
      (this.#script as ScriptUser).onResponse(response);
      return;
    }
    const op = this.#program.ops[this.#at] as RequestOp;
    if (op.checks.length > 0 || op.saves.length > 0) this.judge(op, new OpenedResponse(response));
    this.#goOn(receivedMs);
  }

  onFailure(failure: Failure): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'running';
    this.needsRest = true;
    const { recorder, startMs } = this.#context;
    const { reason, message, sentMs, receivedMs } = failure;
    recorder.at(receivedMs - startMs);
    const firstSentMs = this.#firstSentMs < 0 ? sentMs : this.#firstSentMs;
    const serviceMs = firstSentMs === undefined ? undefined : receivedMs - firstSentMs;
    const lane = this.#lane as Lane;
    lane.bytesIn += failure.bytesIn ?? 0;
    lane.bytesOut += failure.bytesOut ?? 0;
    lane.failure(reason, message, receivedMs - this.#stepDueMs, serviceMs);
    if (this.#program.script === undefined) this.#goOn(receivedMs);
    else (this.#script as ScriptUser).onFailure(failure);
  }

  /** Sends the request of a step that was due at `setDue`, and counts what becomes of it in a lane. */
  send(
    request: OutgoingRequest,
    lane: Lane,
    expect: readonly number[] | undefined,
    redirectsMax: number,
  ): void {
    this.#lane = lane;
    this.#expect = expect;
    this.#redirectsMax = redirectsMax;
    this.#hops = 0;
    this.#isAway = false;
    this.#firstSentMs = -1;
    this.#transmit(request);
  }

  /** Waits for what happens in a session. */
  wait(): void {
    this.#state = 'waiting';
    this.wasInstant = false;
  }

  /** What it waited for is there, and the next step due. */
  resume(dueMs: number): void {
    this.#state = 'running';
    this.#stepDueMs = dueMs;
    this.#next();
  }

  /** Holds an answer against the checks of its step, and saves what is to be saved. */
  judge({ checks, saves }: Judged, opened: OpenedResponse): void {
    for (const { holds, count } of checks) {
      if (holds(opened)) count.passed++;
      else count.failed++;
    }
    if (saves.length === 0) return;
    if (this.variables === noVariables)
      this.variables = new Array<string | undefined>(this.#context.variableCount).fill(undefined);
    // What is not there is forgotten, so that no later step works with a value of an earlier answer.
    for (const { place, extract } of saves) this.variables[place] = extract(opened, this);
  }

  /** Ends the iteration: there is no value for a template of a step. */
  cutShort(lane: Lane, unfilled: Filler): void {
    this.#context.recorder.cutShort(`${lane.endpoint}: ${unfilled.unfilled(this)}`);
    this.needsRest = true;
    this.#becomeIdle();
  }

  /** A request with the cookies that the user has for its path. */
  withCookies(request: OutgoingRequest): OutgoingRequest {
    const { target, clock } = this.#context;
    const cookies = this.#jar?.headerFor(request.path, target.protocol === 'https:', clock.now());
    if (cookies === undefined) return request;
    return { ...request, headers: addCookies(request.headers, cookies), isConstant: false };
  }

  /** Goes on after so long. */
  pause(durationMs: number): void {
    this.#pauseUntil(this.#stepDueMs + durationMs);
  }

  /** The next step is due at this time. */
  setDue(dueMs: number): void {
    this.#stepDueMs = dueMs;
  }

  #goOn(dueMs: number): void {
    this.#stepDueMs = dueMs;
    this.#at++;
    this.#next();
  }

  /** Does what costs no time, up to the next pause or request. */
  #next(): void {
    const { ops } = this.#program;
    for (let op: Op | undefined = ops[this.#at]; op !== undefined; op = ops[this.#at]) {
      if (this.#isStopping) {
        this.#interrupt();
        return;
      }
      if (this.#do(op)) return;
    }
    this.#complete();
  }

  /** @returns whether the user has to wait before it goes on. */
  #do(op: Op): boolean {
    switch (op.kind) {
      case 'request':
        this.#sendStep(op);
        return true;
      case 'think': {
        this.#at++;
        const durationMs = drawThinkTime(op.think, this.random);
        if (durationMs > 0) this.pause(durationMs);
        return durationMs > 0;
      }
      case 'pace':
        this.#at++;
        return this.#pace(drawThinkTime(op.every, this.random), op.every.kind === 'exponential');
      case 'repeat':
        this.#at = this.#enterLoop(op) ? this.#at + 1 : op.end;
        return false;
      case 'again': {
        const left = (this.#loops[op.loop] as number) - 1;
        this.#loops[op.loop] = left;
        this.#at = left > 0 ? op.begin : this.#at + 1;
        return false;
      }
      case 'choose':
        this.#at = op.targets[op.pick(this.random)] as number;
        return false;
      case 'jump':
        this.#at = op.to;
        return false;
      default:
        this.#at++;
        this.#session ??= new SessionUser(this, this.#context);
        return this.#session.begin(op, this.#stepDueMs);
    }
  }

  #enterLoop(op: Op & { kind: 'repeat' }): boolean {
    const times = op.from + Math.floor(this.random() * (op.to - op.from + 1));
    if (this.#loops.length < this.#program.loopDepth)
      this.#loops = new Array<number>(this.#program.loopDepth).fill(0);
    this.#loops[op.loop] = times;
    return times > 0;
  }

  /**
   * The first time is at once, but for users of a closed stage where the distances have no memory: one who has just
   * come is then as far from its next call as any other. An arrival has come to call.
   *
   * @returns whether the user waits for its time.
   */
  #pace(everyMs: number, isMemoryless: boolean): boolean {
    if (this.#pacedMs >= 0) this.#pacedMs += everyMs;
    else this.#pacedMs = this.#stepDueMs + (isMemoryless && this.isResident ? everyMs : 0);
    if (this.#pacedMs <= this.#context.clock.monotonicMs()) {
      this.#stepDueMs = this.#pacedMs;
      return false;
    }
    this.#pauseUntil(this.#pacedMs);
    return true;
  }

  #pauseUntil(dueMs: number): void {
    this.wasInstant = false;
    this.#stepDueMs = dueMs;
    this.#state = 'pausing';
    this.#context.agenda.add(this, dueMs);
  }

  #sendStep(op: RequestOp): void {
    const request = op.constant ?? buildRequest(op.step.method, op.parts, this);
    if (request instanceof Filler) {
      this.cutShort(op.lane, request);
      return;
    }
    this.send(request, op.lane, op.step.expect, op.redirectsMax);
  }

  #transmit(request: OutgoingRequest): void {
    this.#request = request;
    this.#state = 'waiting';
    this.wasInstant = false;
    // Cookies stay with the target.
    if (this.#isAway) (this.#away as Away).channel.send(request);
    else this.#channel.send(this.#jar === undefined ? request : this.withCookies(request));
  }

  #acceptCookies(response: Response): void {
    this.#jar ??= new CookieJar(this.#context.target.pathname);
    this.#jar.accept(response.headers('set-cookie'), this.#request?.path ?? '/', this.#context.clock.now());
  }

  /** Follows a redirect, as part of the same step. @returns whether the response was one and is dealt with. */
  #redirect(response: Response): boolean {
    const from = this.#isAway ? this.#away?.origin : undefined;
    const next = followRedirect(this.#request as OutgoingRequest, response, this.#context.target, from);
    if (next === undefined) return false;
    const isTooFar = this.#hops === this.#redirectsMax;
    const problem = isTooFar
      ? `more than ${this.#redirectsMax} redirects in a row`
      : 'problem' in next
        ? next.problem
        : this.#turnTo(next.origin);
    if (problem !== undefined || 'problem' in next) {
      const { sentMs, receivedMs, bytesIn, bytesOut } = response;
      this.onFailure({ reason: 'redirect', message: problem ?? '', sentMs, receivedMs, bytesIn, bytesOut });
      return true;
    }
    this.#hops++;
    const lane = this.#lane as Lane;
    lane.bytesIn += response.bytesIn;
    lane.bytesOut += response.bytesOut;
    this.#transmit(next.request);
    return true;
  }

  /** The next request goes to this origin, or to the target. @returns why it must not. */
  #turnTo(origin: URL | undefined): string | undefined {
    this.#isAway = origin !== undefined;
    if (origin === undefined || this.#away?.origin.origin === origin.origin) return undefined;
    const transport = this.#context.transport.elsewhere?.(origin);
    if (transport === undefined)
      return `a redirect to ${origin.origin}, which is not the target; it was not followed`;
    this.#away?.channel.close();
    this.#away = { origin, channel: transport.open(this) };
    return undefined;
  }

  #runScript({ run, routes }: Script): void {
    this.#script ??= new ScriptUser(this, this.#context.clock);
    this.#script.begin(run, routes);
  }

  onScriptEnd(problem: string | undefined): void {
    if (this.#state !== 'running') return;
    if (this.#isStopping) this.#interrupt();
    else if (problem === undefined) {
      this.#stepDueMs = this.#context.clock.monotonicMs();
      this.#complete();
    } else {
      this.#context.recorder.cutShort(problem);
      this.needsRest = true;
      this.#becomeIdle();
    }
  }

  #complete(): void {
    this.#context.recorder.iterations.completed++;
    this.#becomeIdle();
  }

  #interrupt(): void {
    this.#context.agenda.remove(this);
    this.#context.recorder.iterations.interrupted++;
    this.#script?.abandon();
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    this.#state = 'idle';
    this.#request = undefined;
    this.#session?.disconnect();
    this.#employer.onIdle(this);
  }
}

/** Another origin than the target, and a user's channel to it. */
interface Away {
  readonly origin: URL;
  readonly channel: Channel;
}

const noVariables: (string | undefined)[] = [];
const noLoops: number[] = [];
const noProgram: Program = { name: '', ops: [], loopDepth: 0, script: undefined };

function isExpected(expect: readonly number[] | undefined, status: number): boolean {
  return expect === undefined ? status >= 200 && status < 400 : expect.includes(status);
}

import type { Clock, Random, Timer } from '../base/index.ts';
import type { DataRows } from './data-rows.ts';
import type { RequestStep, Scenario } from './plan.ts';
import type { Lane, Recorder } from './recorder.ts';
import { ResponseReader } from './steps/response-values.ts';
import { fillTemplate, type Scope } from './steps/template.ts';
import { drawThinkTime } from './steps/think-time.ts';
import type { Channel, OutgoingRequest, Reply, ResponseReply } from './transports/transport.ts';

/** What all users of a run share. */
export interface UserContext {
  readonly clock: Clock;
  readonly recorder: Recorder;
  readonly data: DataRows;
  readonly requestTimeoutMs: number;
  /** The run's start on the clock's monotonic scale. */
  readonly startMs: number;
  /** Called with how late a step began where nothing but this generator was in the way. */
  onLate(latenessMs: number): void;
  /** Called when an iteration has ended; the user is idle and may be given another. */
  onIdle(user: VirtualUser): void;
}

/** A scenario with the lanes that its steps record in. */
export interface RunningScenario {
  readonly scenario: Scenario;
  /** By step; undefined for pauses. */
  readonly lanes: readonly (Lane | undefined)[];
}

/**
 * One user walking through the steps of a scenario.
 *
 *   idle ──begin──▸ next step ⇄ thinking (timer) │ waiting (request)
 *     ▴                │
 *     └── onIdle ◂─────┘ after the last step, or cut short where a template has no value
 *
 * A step is due when the one before it has ended, or its pause has. Latency counts from when it was due.
 */
export class VirtualUser implements Scope {
  readonly user: number;
  readonly random: Random;
  iteration = -1;
  /** Whether the last iteration could do nothing: the next one waits a little, so that no user spins. */
  needsRest = false;
  /** Whether it belongs to a closed stage: it begins again by itself. */
  isResident = false;

  readonly #context: UserContext;
  readonly #channel: Channel;
  readonly #variables = new Map<string, string>();
  #running: RunningScenario | undefined;
  #at = 0;
  #dueMs = 0;
  #thinking: Timer | undefined;
  #isWaiting = false;
  #isStopping = false;

  constructor(user: number, random: Random, channel: Channel, context: UserContext) {
    this.user = user;
    this.random = random;
    this.#channel = channel;
    this.#context = context;
  }

  /** Starts an iteration that was due at `dueMs` on the clock's monotonic scale. Only when idle. */
  begin(running: RunningScenario, dueMs: number): void {
    this.iteration++;
    this.#context.recorder.iterations.started++;
    this.#context.data.beginIteration(this.user, this.random);
    this.needsRest = false;
    this.#running = running;
    this.#at = 0;
    this.#dueMs = dueMs;
    this.#next();
  }

  /** Forgets what was saved: in an open model, the next iteration is another person. */
  forget(): void {
    this.#variables.clear();
  }

  /** Ends a pause at once, lets a request end, begins nothing more. */
  stop(): void {
    this.#isStopping = true;
    if (this.#thinking !== undefined) this.#interrupt();
  }

  /** Gives up whatever is under way. */
  close(): void {
    this.stop();
    if (this.#isWaiting) {
      this.#isWaiting = false;
      this.#context.recorder.unfinished++;
      this.#context.recorder.iterations.interrupted++;
    }
    this.#channel.close();
  }

  /** Whether it was told to stop and will not begin again. */
  get isStopping(): boolean {
    return this.#isStopping;
  }

  nowMs(): number {
    return this.#context.clock.now();
  }

  variable(name: string): string | undefined {
    return this.#variables.get(name);
  }

  column(source: string, column: string): string | undefined {
    return this.#context.data.value(source, column, this.user);
  }

  #next(): void {
    const running = this.#running as RunningScenario;
    const step = running.scenario.steps[this.#at];
    if (step === undefined) {
      this.#context.recorder.iterations.completed++;
      this.#becomeIdle();
    } else if (this.#isStopping) this.#interrupt();
    else if (step.kind === 'request') this.#send(step, running.lanes[this.#at] as Lane);
    else this.#think(drawThinkTime(step.think, this.random));
  }

  #think(pauseMs: number): void {
    const { clock } = this.#context;
    this.#dueMs += pauseMs;
    this.#thinking = clock.setTimer(
      () => {
        this.#thinking = undefined;
        this.#at++;
        const nowMs = clock.monotonicMs();
        this.#context.onLate(nowMs - this.#dueMs);
        // Timers of a real clock come up to 2 ms early. The pause was that much shorter then: a request that is
        // sent before it is due would have a latency below its service time.
        this.#dueMs = Math.min(this.#dueMs, nowMs);
        this.#next();
      },
      Math.max(0, this.#dueMs - clock.monotonicMs()),
    );
  }

  #send(step: RequestStep, lane: Lane): void {
    const request = this.#build(step);
    if ('unfilled' in request) {
      this.#context.recorder.cutShort(`${lane.endpoint}: ${request.unfilled}`);
      this.needsRest = true;
      this.#becomeIdle();
      return;
    }
    this.#isWaiting = true;
    this.#channel.send(request, (reply) => this.#onReply(step, lane, reply));
  }

  #build(step: RequestStep): OutgoingRequest | { readonly unfilled: string } {
    const path = fillTemplate(step.path, this);
    if (typeof path !== 'string') return path;
    let headers = '';
    for (const header of step.headers) {
      const value = fillTemplate(header.value, this);
      if (typeof value !== 'string') return value;
      headers += `${header.name}: ${value.replace(/[\r\n\0]+/g, ' ')}\r\n`;
    }
    const body = step.body === undefined ? undefined : fillTemplate(step.body, this);
    if (body !== undefined && typeof body !== 'string') return body;
    return {
      method: step.method,
      path: path.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent),
      headers,
      body,
      timeoutMs: this.#context.requestTimeoutMs,
      keepsBody:
        step.saves.length > 0 || step.checks.some((check) => check.kind === 'json' || check.kind === 'body'),
    };
  }

  #onReply(step: RequestStep, lane: Lane, reply: Reply): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    const { recorder, startMs } = this.#context;
    const latencyMs = reply.receivedMs - this.#dueMs;
    const isError = reply.kind === 'failure' || !isExpected(step, reply.status);
    recorder.timeline.record(reply.receivedMs - startMs, latencyMs, isError);
    if (reply.kind === 'failure') {
      this.needsRest = true;
      const serviceMs = reply.sentMs === undefined ? undefined : reply.receivedMs - reply.sentMs;
      lane.failure(reply.reason, reply.message, latencyMs, serviceMs);
    } else this.#onResponse(step, lane, reply, { latencyMs, isError });
    this.#dueMs = reply.receivedMs;
    this.#at++;
    this.#next();
  }

  #onResponse(
    step: RequestStep,
    lane: Lane,
    reply: ResponseReply,
    { latencyMs, isError }: { latencyMs: number; isError: boolean },
  ): void {
    const { status, bytesIn, bytesOut } = reply;
    lane.response({
      status,
      isError,
      latencyMs,
      serviceMs: reply.receivedMs - reply.sentMs,
      bytesIn,
      bytesOut,
    });
    if (step.checks.length === 0 && step.saves.length === 0) return;
    const reader = new ResponseReader(reply, this.random);
    for (const check of step.checks) lane.check(check, reader.holds(check));
    for (const save of step.saves) {
      const value = reader.extract(save.from);
      // What is not there is forgotten, so that no later step works with a value of an earlier answer.
      if (value === undefined) this.#variables.delete(save.name);
      else this.#variables.set(save.name, value);
    }
  }

  #interrupt(): void {
    this.#thinking?.cancel();
    this.#thinking = undefined;
    this.#context.recorder.iterations.interrupted++;
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    this.#running = undefined;
    this.#context.onIdle(this);
  }
}

function isExpected(step: RequestStep, status: number): boolean {
  return step.expect === undefined ? status >= 200 && status < 400 : step.expect.includes(status);
}

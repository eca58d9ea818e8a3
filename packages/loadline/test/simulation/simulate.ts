import { type Clock, createVirtualClock } from 'loadline/base';
import {
  type Channel,
  createFunctionTransport,
  type FunctionReply,
  type LoadPlan,
  type LoadReport,
  type OutgoingRequest,
  type RequestStep,
  runLoad,
  type Scenario,
  type ScenarioFunction,
  type SessionTransports,
  type Step,
  type Transport,
  withSessions,
} from 'loadline/load';
import { compileTemplate, type Template } from '../../src/load/steps/template.ts';

/** A plan that sends one request an iteration, but for what is given. */
export function planWith(given: Partial<LoadPlan>): LoadPlan {
  return {
    name: 'simulated',
    target: 'http://127.0.0.1',
    seed: 1,
    scenarios: [scenario('visit', [request('/')])],
    data: [],
    stages: [{ kind: 'users', from: 10, to: 10, durationMs: 10_000 }],
    thresholds: [],
    limits: { requestTimeoutMs: 5000, usersMax: 1000, gracefulStopMs: 6000 },
    ...given,
  };
}

export function scenario(name: string, steps: readonly Step[], weight = 1): Scenario {
  return { name, weight, steps };
}

export function scripted(name: string, script: ScenarioFunction): Scenario {
  return { name, weight: 1, steps: [], script };
}

export function request(path: string, given: Partial<RequestStep> = {}): RequestStep {
  return {
    kind: 'request',
    name: path,
    method: 'GET',
    path: template(path),
    headers: [],
    body: undefined,
    expect: undefined,
    checks: [],
    saves: [],
    ...given,
  };
}

export const think = (durationMs: number): Step => ({ kind: 'think', think: { kind: 'fixed', durationMs } });

export const pace = (durationMs: number): Step => ({ kind: 'pace', every: { kind: 'fixed', durationMs } });

export const repeat = (from: number, to: number, steps: readonly Step[]): Step => ({
  kind: 'repeat',
  from,
  to,
  steps,
});

/** Branches as pairs of weight and steps. */
export const choose = (
  ...branches: readonly (readonly [weight: number, steps: readonly Step[]])[]
): Step => ({
  kind: 'choose',
  branches: branches.map(([weight, steps]) => ({ weight, steps })),
});

export function template(text: string): Template {
  const compiled = compileTemplate(text);
  if ('problems' in compiled) throw new Error(compiled.problems.join());
  return compiled;
}

export const answerAfter = (
  delayMs: number,
  status = 200,
): FunctionReply & { readonly kind: 'response' } => ({
  kind: 'response',
  delayMs,
  status,
});

/** What a simulated run was seen to do, besides its report. */
export interface Simulated {
  readonly report: LoadReport;
  /** When requests were sent, from the start of the run. */
  readonly sentMs: readonly number[];
  readonly channelsOpened: number;
  readonly channelsClosed: number;
  /** Timers that were left when the run had ended. */
  readonly pending: number;
  readonly endedMs: number;
}

export interface SimulationOptions {
  readonly answer?: (request: OutgoingRequest, elapsedMs: number) => FunctionReply;
  readonly sessions?: (clock: Clock) => SessionTransports;
  readonly abortAtMs?: number;
  /** What the monotonic clock shows at the start: a machine has been up for a while. */
  readonly uptimeMs?: number;
  readonly onEvery?: { readonly intervalMs: number; readonly look: () => void };
}

/** Runs a plan on a virtual clock against a function. */
export async function simulate(plan: LoadPlan, options: SimulationOptions = {}): Promise<Simulated> {
  const { answer = () => answerAfter(10), abortAtMs, uptimeMs = 0, onEvery, sessions } = options;
  const clock = createVirtualClock();
  await clock.advance(uptimeMs);
  const sentMs: number[] = [];
  const counted = countChannels(
    createFunctionTransport(clock, (sent, atMs) => {
      sentMs.push(atMs - uptimeMs);
      return answer(sent, atMs - uptimeMs);
    }),
  );
  const controller = new AbortController();
  if (abortAtMs === 0) controller.abort();
  else if (abortAtMs !== undefined) clock.setTimer(() => controller.abort(), abortAtMs);
  let simulated: Omit<Simulated, 'pending'> | undefined;
  const running = runLoad(plan, {
    transport: sessions === undefined ? counted.transport : withSessions(counted.transport, sessions(clock)),
    clock,
    signal: controller.signal,
    watch: () => ({ samples: [], late: () => undefined, stop: () => undefined }),
  }).then((report) => {
    simulated = { report, sentMs, ...counted.counts(), endedMs: clock.monotonicMs() - uptimeMs };
  });
  const plannedMs = plan.stages.reduce((sum, stage) => sum + stage.durationMs, 0);
  if (onEvery !== undefined) {
    for (let atMs = onEvery.intervalMs; atMs < plannedMs; atMs += onEvery.intervalMs) {
      clock.setTimer(onEvery.look, atMs);
    }
  }
  await clock.runUntilIdle(plannedMs + plan.limits.gracefulStopMs + 60_000);
  if (simulated === undefined) throw new Error('the run did not end');
  await running;
  return { ...simulated, pending: clock.pending };
}

function countChannels(inner: Transport): {
  transport: Transport;
  counts: () => { channelsOpened: number; channelsClosed: number };
} {
  let channelsOpened = 0;
  const closed = new Set<Channel>();
  const transport: Transport = {
    open(handler) {
      channelsOpened++;
      const channel = inner.open(handler);
      return {
        send: (sent) => channel.send(sent),
        close() {
          closed.add(channel);
          channel.close();
        },
      };
    },
    close: () => inner.close(),
  };
  return { transport, counts: () => ({ channelsOpened, channelsClosed: closed.size }) };
}

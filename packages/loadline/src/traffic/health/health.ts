import { type Clock, systemClock } from '../../base/index.ts';
import type { Registry } from '../../metrics/index.ts';
import { type Gated, gated } from '../gate/frameworks.ts';
import { type GateAnswer, type GateRequest, jsonAnswer, problemAnswer } from '../gate/gate.ts';
import { Checks } from './checks.ts';
import { type HealthCheck, parseHealth } from './options.ts';
import { type CheckResult, type HealthReport, isReady, judgeHealth, type Phase } from './report.ts';

/** What a service says of its health. Everything may be left out. */
export interface HealthOptions {
  /** What it needs, by name. None by default: then it is ready while it is not starting or draining. */
  readonly checks?: Readonly<Record<string, HealthCheck>>;
  /** Which version runs; told with every answer. */
  readonly version?: string;
  /** Not ready until `started()` is called. Default false. */
  readonly isStarting?: boolean;
  /** For each check that has no limit of its own, in milliseconds. Default 2,000: a balancer waits 5 seconds. */
  readonly timeoutMs?: number;
  /** For how long results are given again, in milliseconds. Default 500. */
  readonly keptMs?: number;
  /** Below which path it answers. Default `/health`. */
  readonly path?: string;
  /** Told of every check that fails or takes too long, for the service's log. */
  readonly onFailure?: (name: string, error: unknown) => void;
  /** Takes `service_ready` and `service_health_check_failures_total`. */
  readonly registry?: Registry;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/**
 * The health of one instance, and its doors:
 *
 *     /health/live      the process answers: restart it where it does not
 *     /health/startup   it has come up: until then do not ask whether it is alive
 *     /health/ready     send requests here, or not; /health says the same
 */
export interface Health extends Gated {
  /** Asks the checks, or gives what they said a moment ago. */
  ready(): Promise<HealthReport>;
  readonly phase: Phase;
  /** It has come up. Called again, or while draining, it does nothing. */
  started(): void;
  /** Says "not ready" from now on, at once and for good. It goes on being alive. */
  drain(): void;
}

/**
 * Makes what answers balancers and whoever restarts processes. Register it first: what it answers is seen by nothing that
 * comes after it, so that neither a limit nor a login stands before it.
 *
 * @example
 * const health = createHealth({ checks: { database: () => pool.query('SELECT 1'), cache: { check: () => valkey.ping(), isCritical: false } } });
 * app.register(health.fastify());
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID
 */
export function createHealth(options: HealthOptions = {}): Health {
  const { checks: known, version, path, keptMs, isStarting } = parseHealth(options);
  const { clock = systemClock, registry, onFailure } = options;
  let phase: Phase = isStarting ? 'starting' : 'serving';
  let wasReady = false;
  const failures = registry?.counter({
    name: 'service_health_check_failures_total',
    help: 'Health checks that failed or took too long.',
    labels: ['check'],
  });
  registry?.gauge({
    name: 'service_ready',
    help: 'Whether requests may be sent here, as was last said: 1 or 0.',
    read: () => (wasReady && phase === 'serving' ? 1 : 0),
  });
  const checks = new Checks({
    checks: known,
    keptMs,
    clock,
    onFailure(name, error) {
      failures?.with({ check: name }).add();
      // A log that fails must not take the service out of the traffic for good.
      try {
        onFailure?.(name, error);
      } catch {
        failures?.with({ check: 'onFailure' }).add();
      }
    },
  });
  const isCritical = (name: string): boolean => known.get(name)?.isCritical ?? true;
  const reportOf = (found: Readonly<Record<string, CheckResult>>): HealthReport => {
    const status = judgeHealth(phase, found, isCritical);
    return { status, checks: found, ...(version === undefined ? {} : { version }) };
  };
  // At once where no check matters: a balancer that waits for an answer goes on sending requests meanwhile.
  const ready = async (): Promise<HealthReport> =>
    reportOf(phase === 'serving' ? await checks.ask() : checks.notAsked());

  async function answerReady(): Promise<GateAnswer> {
    const report = await ready();
    wasReady = isReady(report.status);
    return jsonAnswer(wasReady ? 200 : 503, JSON.stringify(report));
  }
  const alive = JSON.stringify({ status: 'healthy', ...(version === undefined ? {} : { version }) });
  const doors = new Map<string, () => GateAnswer | Promise<GateAnswer>>([
    [path, answerReady],
    [`${path}/ready`, answerReady],
    [`${path}/live`, () => jsonAnswer(200, alive)],
    [
      `${path}/startup`,
      () => (phase === 'starting' ? jsonAnswer(503, '{"status":"starting"}') : jsonAnswer(200, alive)),
    ],
  ]);
  return {
    ...gated({
      take(request) {
        const door = doors.get(request.path);
        return door === undefined ? undefined : (methodRefusal(request) ?? door());
      },
    }),
    ready,
    get phase() {
      return phase;
    },
    started() {
      if (phase === 'starting') phase = 'serving';
    },
    drain() {
      phase = 'draining';
    },
  };
}

function methodRefusal({ method, path }: GateRequest): GateAnswer | undefined {
  if (method === 'GET' || method === 'HEAD') return undefined;
  return problemAnswer(
    { status: 405, title: 'Method Not Allowed', detail: `${path} takes GET and HEAD, got ${method}.` },
    { allow: 'GET, HEAD' },
  );
}

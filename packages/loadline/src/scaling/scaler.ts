import { type Clock, ended, nameHint, show, type Timer } from '../base/index.ts';
import type { ScalingHold } from './decide/standing.ts';
import type { DecisionSpan } from './decision-span.ts';
import type { ScalingDriver } from './driver.ts';
import { scalingError } from './errors.ts';
import { stepOf } from './event.ts';
import { type GroupMeans, ScaledGroup } from './group.ts';
import type { GroupCounts } from './group-counts.ts';
import type { Round } from './group-round.ts';
import type { DecisionQuery, EventQuery, ScalingEvent, ScalingMemory } from './memory.ts';
import { parseScalingPolicy } from './policy/parse-policy.ts';
import type { ManualScaling, ScalingConfiguration } from './policy/policy.ts';
import { upgradeConfiguration } from './policy/upgrade-policy.ts';
import type { ReadingsPort } from './readings.ts';
import { checkManual, conflict, invalidPolicy, refuseNewer, remember, restartRefused } from './refusals.ts';
import type { RestartOrder } from './restart.ts';
import type { ScalingGate } from './rule-gate.ts';

/** What a scaler sees and acts by. Durations are milliseconds. */
export interface ScalerOptions {
  readonly clock: Clock;
  /** Sees the instances of each group, and starts and stops them. */
  readonly driver: ScalingDriver;
  /** What a group does just now. */
  readonly readings: ReadingsPort;
  /** Keeps policies, what was set by hand, and what was done. */
  readonly memory: ScalingMemory;
  /** What keeps a group from being changed now, as `Rollouts.holdOf` tells it; absent: nothing. */
  readonly holdOf?: (group: string) => ScalingHold | undefined;
  /**
   * Which rules take part (`scaling-forecast`, `scaling-calendar` and so on), and which policies do anything
   * (`scaling-policy`); absent: all.
   */
  readonly gate?: ScalingGate;
  /** From the start of a group's round to that of its next, where its policy says nothing. Default 15,000, as Kubernetes' own autoscaler. */
  readonly intervalMs?: number;
  /** For each question to the driver, the metrics and the memory. Default 10,000. */
  readonly callTimeoutMs?: number;
}

/** A change of the policy, and who wants it. */
export interface PolicyChange {
  /** As people write it; see `parseScalingPolicy`. */
  readonly policy: unknown;
  readonly changedBy: string;
  /** The version that it is to replace; absent: whichever is there. 0 where the group has none yet. */
  readonly replaces?: number;
}

/** A number of instances that somebody wants for a while. */
export interface ManualRequest {
  /** From the policy's minimum to its maximum. */
  readonly replicas: number;
  /** Above 0, at most a week; afterwards the policy decides again. */
  readonly forMs: number;
  readonly setBy: string;
  /** For people; may be empty. */
  readonly reason: string;
}

/** How a group stands. */
export interface ScalingStatus {
  readonly group: string;
  readonly configuration: ScalingConfiguration;
  readonly manual: ManualScaling | undefined;
  /** The latest look at it, with what was decided and why; undefined before the first. */
  readonly last: Round | undefined;
  readonly counts: Readonly<GroupCounts>;
}

/**
 * Keeps the size of groups right: read, decide, apply, record, once per interval and for each group by itself,
 * so that one that hangs keeps back no other. Whoever opened it closes it; the driver and the memory are not its
 * own. When it ends, every group stays as it is.
 */
export interface Scaler extends AsyncDisposable {
  readonly groups: readonly string[];
  /** @throws LoadlineError SCALING_GROUP_UNKNOWN. */
  status(group: string): ScalingStatus;
  /**
   * Gives a group its policy, at once: a round follows without waiting for the interval.
   *
   * @throws LoadlineError SCALING_POLICY_INVALID with every problem in its facts, SCALING_POLICY_CONFLICT,
   * SCALING_MEMORY_FAILED.
   */
  configure(group: string, change: PolicyChange): Promise<ScalingConfiguration>;
  /**
   * Sets how many instances a group has until the time is over, and tells what came of it.
   *
   * @throws LoadlineError SCALING_GROUP_UNKNOWN, SCALING_MANUAL_INVALID, SCALING_MEMORY_FAILED.
   */
  scaleManually(group: string, request: ManualRequest): Promise<{ manual: ManualScaling; round: Round }>;
  /** Lets the policy decide again. @throws LoadlineError SCALING_GROUP_UNKNOWN, SCALING_MEMORY_FAILED. */
  endManual(group: string): Promise<void>;
  /**
   * Has every instance replaced by a new one, one after the other, and returns when that has begun; `restart` of the fleet tells
   * how far it is, and the history how it ended.
   *
   * @throws LoadlineError SCALING_GROUP_UNKNOWN, SCALING_RESTART_REFUSED.
   */
  restart(group: string, order: RestartOrder): Promise<void>;
  /** Leaves those that were not replaced yet as they are. @throws LoadlineError SCALING_GROUP_UNKNOWN, SCALING_RESTART_REFUSED. */
  endRestart(group: string, order: RestartOrder): Promise<void>;
  /** What was done, newest first. */
  history(query: EventQuery): Promise<readonly ScalingEvent[]>;
  /** What was decided about a group and why, newest first, also where nothing was done. @throws LoadlineError SCALING_GROUP_UNKNOWN. */
  decisions(query: DecisionQuery): Promise<readonly DecisionSpan[]>;
  /** One round of a group now, and what came of it. @throws LoadlineError SCALING_GROUP_UNKNOWN. */
  round(group: string): Promise<Round>;
  /** Ends the rounds, without waiting for answers that are outstanding. Idempotent. */
  close(): Promise<void>;
}

/**
 * Opens a scaler on what the memory holds, and starts its rounds. Throws what `memory.load()` throws, and
 * SCALING_POLICY_NEWER.
 */
export async function openScaler(options: ScalerOptions): Promise<Scaler> {
  const { clock, memory, intervalMs = 15_000, callTimeoutMs = 10_000 } = options;
  const closing = new AbortController();
  const means: GroupMeans = { ...options, callTimeoutMs, closed: closing.signal };
  const groups = new Map<string, ScaledGroup>();
  const timers = new Map<string, Timer>();

  /** Reads what is remembered; groups that are there keep their counts. */
  async function recall(): Promise<void> {
    const { configurations, manual, events } = await memory.load();
    for (const kept of configurations) {
      const configuration = upgradeConfiguration(kept) ?? refuseNewer(kept);
      const { group } = configuration;
      const taken = events.filter((event) => event.group === group && event.outcome === 'accepted');
      const steps = taken.flatMap(({ decision }) => (decision === undefined ? [] : [stepOf(decision)]));
      const scaled = groups.get(group) ?? new ScaledGroup(means, configuration, steps);
      scaled.configuration = configuration;
      scaled.manual = manual.find((each) => each.group === group);
      groups.set(group, scaled);
      if (!timers.has(group)) follow(group, scaled, 0);
    }
  }

  function follow(
    name: string,
    group: ScaledGroup,
    delayMs = group.configuration.policy.intervalMs ?? intervalMs,
  ): void {
    timers.get(name)?.cancel();
    if (closing.signal.aborted) return;
    const next = (): void => {
      follow(name, group);
      group.tick();
    };
    timers.set(name, clock.setTimer(next, delayMs));
  }

  await recall();

  function find(name: string): ScaledGroup {
    const group = groups.get(name);
    if (group !== undefined) return group;
    const known = [...groups.keys()];
    const said = ended(`Cannot find the group ${show(name)}: ${nameHint(name, known)}`);
    throw scalingError('SCALING_GROUP_UNKNOWN', said, { facts: { group: name, groups: known } });
  }

  const scaler: Scaler = {
    get groups() {
      return [...groups.keys()];
    },
    status(name) {
      const { configuration, manual, last, counts } = find(name);
      return { group: name, configuration, manual, last, counts: { ...counts } };
    },
    async configure(name, { policy: written, changedBy, replaces }) {
      const parsed = parseScalingPolicy(written);
      if (!parsed.ok) throw invalidPolicy(name, parsed.problems);
      const version = groups.get(name)?.configuration.version ?? 0;
      if (replaces !== undefined && replaces !== version) throw conflict(name, replaces, version);
      const configuration: ScalingConfiguration = {
        group: name,
        version: version + 1,
        policy: parsed.value,
        changedBy,
        changedAtMs: clock.now(),
      };
      const saved = await remember(name, () => memory.saveConfiguration(configuration));
      if (saved === 'conflict') {
        await remember(name, recall);
        throw conflict(name, version, groups.get(name)?.configuration.version ?? 0);
      }
      const group = groups.get(name) ?? new ScaledGroup(means, configuration, []);
      group.configuration = configuration;
      groups.set(name, group);
      follow(name, group);
      if (!closing.signal.aborted) void group.round();
      return configuration;
    },
    async scaleManually(name, request) {
      const group = find(name);
      checkManual(group.configuration, request);
      const { replicas, forMs, setBy, reason } = request;
      const setAtMs = clock.now();
      const manual = { group: name, replicas, untilMs: setAtMs + forMs, setBy, setAtMs, reason };
      await remember(name, () => memory.saveManual(name, manual));
      group.manual = manual;
      return { manual, round: await group.round() };
    },
    async endManual(name) {
      const group = find(name);
      await remember(name, () => memory.saveManual(name, undefined));
      group.manual = undefined;
    },
    async restart(name, order) {
      const outcome = await find(name).restart(order);
      if (outcome.kind !== 'accepted') throw restartRefused(name, 'restart', outcome.because);
    },
    async endRestart(name, order) {
      const outcome = await find(name).endRestart(order);
      if (outcome.kind !== 'accepted') throw restartRefused(name, 'end the restart of', outcome.because);
    },
    history: (query) => memory.events(query),
    decisions: async (query) =>
      mergeSpans(await memory.decisions(query), find(query.group).unsavedDecisions, query),
    round: async (name) => find(name).round(),
    async close() {
      for (const timer of timers.values()) timer.cancel();
      closing.abort();
      await Promise.all([...groups.values()].map((group) => group.idle()));
    },
    [Symbol.asyncDispose]: () => scaler.close(),
  };
  return scaler;
}

/** What is kept back here is newer than what is remembered of it. */
function mergeSpans(
  remembered: readonly DecisionSpan[],
  unsaved: readonly DecisionSpan[],
  { fromMs, toMs, limit }: DecisionQuery,
): readonly DecisionSpan[] {
  const fitting = unsaved.filter((span) => span.untilMs >= fromMs && span.fromMs < toMs);
  const byStart = new Map([...remembered, ...fitting].map((span) => [span.fromMs, span]));
  return [...byStart.values()].sort((a, b) => b.fromMs - a.fromMs).slice(0, limit);
}

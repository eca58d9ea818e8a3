import type { Decision } from './decide/decision.ts';
import type { DecisionSpan } from './decision-span.ts';
import type { ManualScaling, ScalingConfiguration } from './policy/policy.ts';
import type { RuleName } from './policy/rule.ts';

/**
 * What a scaler has to find again after a restart: values only. A write is remembered when its promise resolves.
 * `createScalingMemory` keeps it within the process; a database does it for longer.
 */
export interface ScalingMemory {
  /** Everything that a scaler goes on from. */
  load(): Promise<Remembered>;
  /**
   * Remembers a change of the policy.
   *
   * @returns `conflict` where the version before it is not the one that is remembered.
   */
  saveConfiguration(configuration: ScalingConfiguration): Promise<'saved' | 'conflict'>;
  /** @param manual undefined where the policy is to decide again. */
  saveManual(group: string, manual: ManualScaling | undefined): Promise<void>;
  /** An event that is offered again, because no answer came, is remembered once. */
  record(event: ScalingEvent): Promise<void>;
  /** Newest first. */
  events(query: EventQuery): Promise<readonly ScalingEvent[]>;
  /** Remembers what was decided; a span that begins when one of its group did that is remembered comes instead of it. */
  recordDecisions(spans: readonly DecisionSpan[]): Promise<void>;
  /** Spans that reach into a time, newest first; for a day at least. */
  decisions(query: DecisionQuery): Promise<readonly DecisionSpan[]>;
}

/** What a memory gives back at the start. */
export interface Remembered {
  readonly configurations: readonly ScalingConfiguration[];
  readonly manual: readonly ManualScaling[];
  /**
   * Of each group with a policy the steps that were taken, oldest first: the last 1,000 of the last day at least, whatever
   * happened in others. What is among them beside steps is passed over.
   */
  readonly events: readonly ScalingEvent[];
}

/** Something that was done about the instances of a group, or was tried, with its reason. */
export interface ScalingEvent {
  readonly group: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** `restart`: all were to be replaced, or that has ended; the size stays as it is. */
  readonly action: 'scale_up' | 'scale_down' | 'restart';
  readonly previousCapacity: number;
  readonly newCapacity: number;
  readonly trigger: ScalingTrigger;
  readonly outcome: 'accepted' | 'refused' | 'failed';
  /** Why the step was wanted, and where it was not taken, why not. */
  readonly reason: string;
  /** Absent for a restart: nothing was decided about the size. */
  readonly decision?: Decision;
}

/** Of the metrics that asked, the one furthest past its limit; otherwise what made the step without being asked. */
export interface ScalingTrigger {
  readonly metric: RuleName | 'manual' | 'minimum' | 'maximum';
  readonly value: number;
  readonly threshold: number;
}

/** Which events. */
export interface EventQuery {
  /** All groups where absent. */
  readonly group?: string;
  /** Events before this time, in milliseconds since the epoch. */
  readonly beforeMs?: number;
  /** 1 to 1,000. */
  readonly limit: number;
}

/** What was decided about which group, and when. */
export interface DecisionQuery {
  readonly group: string;
  /** From this time on, and before the other, in milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  /** 1 to 1,000. */
  readonly limit: number;
}

/**
 * Remembers as long as the process lives. Of more than `eventsMax` events, the oldest of the group that has the most is forgotten, so
 * that one in which much happens leaves the others theirs; of more spans of decisions, the oldest.
 */
export function createScalingMemory(eventsMax = 10_000): ScalingMemory {
  const configurations = new Map<string, ScalingConfiguration>();
  const manual = new Map<string, ManualScaling>();
  const events: ScalingEvent[] = [];
  const counts = new Map<string, number>();
  const decisions = new Map<string, DecisionSpan>();

  function forget(group: string): void {
    events.splice(
      events.findIndex((event) => event.group === group),
      1,
    );
    counts.set(group, (counts.get(group) ?? 0) - 1);
  }

  return {
    async load() {
      return {
        configurations: [...configurations.values()],
        manual: [...manual.values()],
        events: [...events],
      };
    },
    async saveConfiguration(configuration) {
      const present = configurations.get(configuration.group)?.version ?? 0;
      if (configuration.version !== present + 1) return 'conflict';
      configurations.set(configuration.group, configuration);
      return 'saved';
    },
    async saveManual(group, set) {
      if (set === undefined) manual.delete(group);
      else manual.set(group, set);
    },
    async record(event) {
      if (events.includes(event)) return;
      events.push(event);
      counts.set(event.group, (counts.get(event.group) ?? 0) + 1);
      if (events.length > eventsMax) forget(mostOf(counts));
    },
    async events({ group, beforeMs = Number.POSITIVE_INFINITY, limit }) {
      const fitting = events.filter(
        (event) => (group === undefined || event.group === group) && event.atMs < beforeMs,
      );
      return fitting.slice(-limit).toReversed();
    },
    async recordDecisions(spans) {
      for (const span of spans) decisions.set(`${span.group} ${span.fromMs}`, span);
      while (decisions.size > eventsMax) decisions.delete(decisions.keys().next().value as string);
    },
    async decisions({ group, fromMs, toMs, limit }) {
      const fitting = [...decisions.values()].filter(
        (span) => span.group === group && span.untilMs >= fromMs && span.fromMs < toMs,
      );
      return fitting.sort((a, b) => b.fromMs - a.fromMs).slice(0, limit);
    },
  };
}

function mostOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most))[0];
}

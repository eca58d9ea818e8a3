import type {
  Decision,
  DecisionQuery,
  DecisionSpan,
  ManualScaling,
  ScalingConfiguration,
  ScalingEvent,
  ScalingMemory,
  ScalingTrigger,
} from 'loadline/scaling';
import type { Store, ScalingEvent as StoredEvent } from 'loadline/store';

/** Kinds of documents. The version of a configuration's document is the version of the configuration. */
const configurationKind = 'scaling configuration';
const manualKind = 'scaling manual';
const decisionKind = 'scaling decision';

/** No cooldown is longer than a day. */
const loadedAgeMs = 86_400_000;
const loadedMax = 2000;
const pageMax = 500;

/** What was decided is kept for a week; it is looked for what is older once an hour. */
const decisionsAgeMs = 7 * 86_400_000;
const sweepMs = 3_600_000;
/** No span is longer than an hour. */
const spanMs = 3_600_000;

/** What columns do not hold, or not to the last digit. */
interface EventDetail {
  readonly trigger: ScalingTrigger;
  readonly outcome: ScalingEvent['outcome'];
  /** Absent where nothing was decided about the size. */
  readonly decision?: Decision | undefined;
}

/** Remembers in the store: policies and numbers set by hand as documents, events in their table. */
export function createStoreScalingMemory(
  { documents, scalingEvents }: Pick<Store, 'documents' | 'scalingEvents'>,
  nowMs: () => number,
  onRecorded: (event: StoredEvent) => void = () => undefined,
): ScalingMemory {
  /** Newest first. */
  async function list(filter: Listing, limit: number): Promise<readonly ScalingEvent[]> {
    const found: ScalingEvent[] = [];
    for (let after: string | undefined; found.length < limit; ) {
      const page = await scalingEvents.list({
        ...filter,
        limit: Math.min(pageMax, limit - found.length),
        ...(after === undefined ? {} : { after }),
      });
      found.push(...page.items.flatMap((stored) => eventOf(stored) ?? []));
      if (page.next === undefined) break;
      after = page.next;
    }
    return found;
  }

  const sweptAtMs = new Map<string, number>();

  /** Those of a group in the order of time, from one that begins at that time on. */
  async function spansFrom(group: string, fromMs: number, limit: number): Promise<readonly DecisionSpan[]> {
    const after = decisionId(group, Math.max(0, fromMs - 1));
    const found = await documents.list(decisionKind, { after, limit });
    return found.filter(({ id }) => id.startsWith(`${group} `)).map(({ body }) => body as DecisionSpan);
  }

  async function sweep(group: string): Promise<void> {
    const now = nowMs();
    if (now - (sweptAtMs.get(group) ?? Number.NEGATIVE_INFINITY) < sweepMs) return;
    sweptAtMs.set(group, now);
    const oldest = await spansFrom(group, 0, pageMax);
    const old = oldest.filter(({ untilMs }) => untilMs < now - decisionsAgeMs);
    await documents.change(
      old.map(({ fromMs }) => ({ kind: decisionKind, id: decisionId(group, fromMs), body: undefined })),
    );
  }

  return {
    async load() {
      const [configurations, manual, events] = await Promise.all([
        documents.list(configurationKind),
        documents.list(manualKind),
        list({ fromMs: nowMs() - loadedAgeMs }, loadedMax),
      ]);
      return {
        configurations: configurations.map(({ body }) => body as ScalingConfiguration),
        manual: manual.map(({ body }) => body as ManualScaling),
        events: events.toReversed(),
      };
    },
    async saveConfiguration(configuration) {
      const { group, version } = configuration;
      const saved = await documents.put(configurationKind, group, configuration, { ifVersion: version - 1 });
      return saved.outcome === 'stored' ? 'saved' : 'conflict';
    },
    async saveManual(group, manual) {
      if (manual === undefined) await documents.remove(manualKind, group);
      else await documents.put(manualKind, group, manual);
    },
    async record({ group, atMs, action, trigger, reason, decision, outcome, ...capacities }) {
      const detail: EventDetail = { trigger, outcome, decision };
      const stored = await scalingEvents.append({
        scalingGroup: group,
        atMs,
        scalingAction: action,
        ...capacities,
        triggerMetric: trigger.metric,
        triggerValue: trigger.value,
        thresholdValue: trigger.threshold,
        reason,
        actor: trigger.metric === 'manual' ? 'manual' : 'scaler',
        detail,
      });
      onRecorded(stored);
    },
    async recordDecisions(spans) {
      await documents.change(
        spans.map((span) => ({ kind: decisionKind, id: decisionId(span.group, span.fromMs), body: span })),
      );
      for (const group of new Set(spans.map((span) => span.group))) await sweep(group);
    },
    async decisions({ group, fromMs, toMs, limit }: DecisionQuery) {
      const fitting: DecisionSpan[] = [];
      for (let startMs = fromMs - spanMs; ; ) {
        const page = await spansFrom(group, startMs, pageMax);
        const reached = page.filter((span) => span.untilMs >= fromMs && span.fromMs < toMs);
        fitting.push(...reached);
        const last = page.at(-1);
        if (last === undefined || page.length < pageMax || last.fromMs >= toMs) break;
        startMs = last.fromMs + 1;
      }
      return fitting.slice(-limit).toReversed();
    },
    events: ({ group, beforeMs, limit }) =>
      list(
        {
          ...(group === undefined ? {} : { scalingGroup: group }),
          ...(beforeMs === undefined ? {} : { toMs: beforeMs }),
        },
        limit,
      ),
  };
}

/** So that a group's are in the order of time: no name of a group has a blank. */
function decisionId(group: string, fromMs: number): string {
  return `${group} ${String(Math.floor(fromMs)).padStart(15, '0')}`;
}

interface Listing {
  readonly scalingGroup?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** What a scaler has written; undefined where somebody else has. */
function eventOf(stored: StoredEvent): ScalingEvent | undefined {
  const { detail, scalingGroup: group, atMs, reason = '', previousCapacity, newCapacity } = stored;
  if (typeof detail !== 'object' || detail === null || !('trigger' in detail)) return undefined;
  const { trigger, outcome, decision } = detail as EventDetail;
  const action = stored.scalingAction as ScalingEvent['action'];
  const event = { group, atMs, action, previousCapacity, newCapacity, trigger, outcome, reason };
  return decision === undefined ? event : { ...event, decision };
}

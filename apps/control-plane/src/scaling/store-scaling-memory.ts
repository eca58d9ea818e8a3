import { createHash } from 'node:crypto';
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
import type { ScalingEventFilter, Store, ScalingEvent as StoredEvent } from 'loadline/store';

/** Kinds of documents. The version of a configuration's document is the version of the configuration. */
const configurationKind = 'scaling configuration';
const manualKind = 'scaling manual';
const decisionKind = 'scaling decision';

/** Of a group: no cooldown is longer than a day, and a scaler goes by no more steps than these. */
const loadedAgeMs = 86_400_000;
const loadedMax = 1000;
const pageMax = 500;
/** More than wait at once to be remembered again. */
const toldMax = 1000;

/**
 * What was decided is kept for a week, and of each group the latest of so many: a day and more, also where each second has a
 * decision of its own. It is looked for what is too much once an hour.
 */
const decisionsAgeMs = 7 * 86_400_000;
const decisionsMax = 100_000;
const sweepMs = 3_600_000;

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

  /** Of each group by itself, so that one in which much happens leaves the others their cooldowns. Oldest first. */
  async function stepsOf(groups: readonly string[]): Promise<readonly ScalingEvent[]> {
    const steps: ScalingEvent[] = [];
    for (const scalingGroup of groups) {
      const taken = { scalingGroup, detail: { outcome: 'accepted' }, fromMs: nowMs() - loadedAgeMs };
      steps.push(...(await list(taken, loadedMax)));
    }
    return steps.sort((a, b) => a.atMs - b.atMs);
  }

  /** An answer that comes late and the one to the second try are of the same event. */
  const told = new Set<string>();

  function tell(event: StoredEvent): void {
    if (told.has(event.id)) return;
    told.add(event.id);
    if (told.size > toldMax) told.delete(told.values().next().value as string);
    onRecorded(event);
  }

  const sweptAtMs = new Map<string, number>();

  async function sweep(group: string): Promise<void> {
    const now = nowMs();
    if (now - (sweptAtMs.get(group) ?? Number.NEGATIVE_INFINITY) < sweepMs) return;
    sweptAtMs.set(group, now);
    const below = decisionId(group, Math.max(0, now - decisionsAgeMs));
    await documents.trim(decisionKind, `${group} `, { below, keep: decisionsMax });
  }

  return {
    async load() {
      const [kept, manual] = await Promise.all([
        documents.list(configurationKind),
        documents.list(manualKind),
      ]);
      const configurations = kept.map(({ body }) => body as ScalingConfiguration);
      return {
        configurations,
        manual: manual.map(({ body }) => body as ManualScaling),
        events: await stepsOf(configurations.map(({ group }) => group)),
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
    async record(event) {
      const { group, atMs, action, trigger, reason, decision, outcome, ...capacities } = event;
      const detail: EventDetail = { trigger, outcome, decision };
      const stored = await scalingEvents.appendOnce({
        id: eventId(event),
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
      tell(stored);
    },
    async recordDecisions(spans) {
      await documents.change(
        spans.map((span) => ({ kind: decisionKind, id: decisionId(span.group, span.fromMs), body: span })),
      );
      for (const group of new Set(spans.map((span) => span.group))) await sweep(group);
    },
    async decisions({ group, fromMs, toMs, limit }: DecisionQuery) {
      const fitting: DecisionSpan[] = [];
      const after = `${group} `;
      // From the newest on: none reaches beyond the beginning of the next.
      for (let before = decisionId(group, Math.ceil(toMs)); fitting.length < limit; ) {
        const count = Math.min(pageMax, limit - fitting.length);
        const page = await documents.list(decisionKind, { after, before, limit: count, isDescending: true });
        const spans = page.map(({ body }) => body as DecisionSpan);
        fitting.push(...spans.filter(({ untilMs }) => untilMs >= fromMs));
        const oldest = page.at(-1);
        if (oldest === undefined || page.length < count || (spans.at(-1)?.untilMs ?? 0) < fromMs) break;
        before = oldest.id;
      }
      return fitting;
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

/**
 * The same for an event that is offered again because no answer came, which may have been kept all the same: of everything that it
 * says, as a UUID of one's own making (RFC 9562, version 8).
 */
function eventId(event: ScalingEvent): string {
  const hash = createHash('sha256').update(JSON.stringify(event)).digest('hex');
  const [, first, second, third, fourth, fifth] = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})/.exec(
    hash,
  ) as RegExpExecArray;
  return `${first}-${second}-8${third}-8${fourth}-${fifth}`;
}

/** So that a group's are in the order of time: no name of a group has a blank. */
function decisionId(group: string, fromMs: number): string {
  return `${group} ${String(Math.floor(fromMs)).padStart(15, '0')}`;
}

type Listing = Pick<ScalingEventFilter, 'scalingGroup' | 'fromMs' | 'toMs' | 'detail'>;

/** What a scaler has written; undefined where somebody else has. */
function eventOf(stored: StoredEvent): ScalingEvent | undefined {
  const { detail, scalingGroup: group, atMs, reason = '', previousCapacity, newCapacity } = stored;
  if (typeof detail !== 'object' || detail === null || !('trigger' in detail)) return undefined;
  const { trigger, outcome, decision } = detail as EventDetail;
  const action = stored.scalingAction as ScalingEvent['action'];
  const event = { group, atMs, action, previousCapacity, newCapacity, trigger, outcome, reason };
  return decision === undefined ? event : { ...event, decision };
}

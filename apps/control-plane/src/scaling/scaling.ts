import type { Clock } from 'loadline/base';
import {
  type DecisionQuery,
  type ManualRequest,
  openScaler,
  type PolicyChange,
  type RestartOrder,
  type Scaler,
  type ScalingDriver,
  type ScalingGate,
  type ScalingHold,
  type ScalingStatus,
} from 'loadline/scaling';
import type { ScalingEventFilter, Store } from 'loadline/store';
import type { Lately, QuickLooks } from '../collect/index.ts';
import type { ScalingDecision, ScalingEvent, ScalingEventPage, ScalingGroup } from '../contract/index.ts';
import { unknownName } from '../problems/index.ts';
import type { ProxyView } from './proxy-view.ts';
import { decisionViewOf, eventViewOf, groupViewOf } from './scaling-views.ts';
import type { ServiceDescription } from './service-description.ts';
import { createStoreReadings } from './store-readings.ts';
import { createStoreScalingMemory } from './store-scaling-memory.ts';

/** Keeps the services of this machine at the right size. */
export interface Scaling {
  /** How each group stood when it was looked at last. */
  standing(): readonly ScalingStatus[];
  /**
   * How each group stands that is described or has instances, or the one that is named.
   *
   * @throws CONTROL_PLANE_NOT_FOUND where that is not there.
   */
  status(group?: string): Promise<readonly ScalingGroup[]>;
  configure(group: string, change: PolicyChange): Promise<ScalingGroup>;
  scaleManually(group: string, request: ManualRequest): Promise<ScalingGroup>;
  endManual(group: string): Promise<ScalingGroup>;
  /** Has every instance replaced, one after the other; returns when that has begun. */
  restart(group: string, order: RestartOrder): Promise<ScalingGroup>;
  endRestart(group: string, order: RestartOrder): Promise<ScalingGroup>;
  history(filter: ScalingEventFilter): Promise<ScalingEventPage>;
  /** What was decided and why, newest first; @throws CONTROL_PLANE_NOT_FOUND where the group is not there. */
  decisions(query: DecisionQuery): Promise<readonly ScalingDecision[]>;
  /** The last that had begun by then, where it was still so; none where nobody looked. @throws as `decisions`. */
  decisionAt(group: string, atMs: number): Promise<readonly ScalingDecision[]>;
  /** Ends its rounds; the services stay as they are. */
  close(): Promise<void>;
}

export interface ScalingOptions {
  readonly clock: Clock;
  readonly store: Pick<Store, 'documents' | 'scalingEvents' | 'metrics'>;
  /** What instances were seen to do before the store knows it. */
  readonly lately: Lately;
  readonly quick: QuickLooks;
  readonly driver: ScalingDriver;
  readonly services: readonly ServiceDescription[];
  /** Which rules and policies take part, as flags say; absent: all. */
  readonly gate?: ScalingGate | undefined;
  /** What keeps a service from being changed now; absent: nothing. */
  readonly holdOf?: ((service: string) => ScalingHold | undefined) | undefined;
  /** The proxies before a service; undefined where there are none. */
  readonly proxiesOf?: ((service: string) => readonly ProxyView[] | undefined) | undefined;
  /** Hears of each step that was taken, refused or failed. */
  readonly onEvent?: (event: ScalingEvent) => void;
}

/** Takes up what was set before, gives new services their policy, and starts the rounds. */
export async function openScaling(options: ScalingOptions): Promise<Scaling> {
  const { clock, store, lately, quick, driver, services, gate, holdOf, proxiesOf, onEvent } = options;
  // A group that is asked about has a policy: its scaler is there.
  const everyMs = (group: string): number =>
    scaler.status(group).configuration.policy.intervalMs ?? intervalMs;
  const staleAfterMs = (group: string): number => scaler.status(group).configuration.policy.staleAfterMs;
  const readings = createStoreReadings({
    ...{ metrics: store.metrics, lately, quick, everyMs, staleAfterMs, driver, clock },
  });
  const memory = createStoreScalingMemory(
    store,
    () => clock.now(),
    (event) => onEvent?.(eventViewOf(event)),
  );
  const scaler: Scaler = await openScaler({
    ...{ clock, driver, readings, memory, intervalMs },
    ...(gate === undefined ? {} : { gate }),
    ...(holdOf === undefined ? {} : { holdOf }),
  });
  await followFile(scaler, store, services);
  const names = services.map(({ name }) => name);

  const look = async (group: string): Promise<ScalingGroup> =>
    groupViewOf(
      scaler.status(group),
      await driver.observe(group, new AbortController().signal),
      proxiesOf?.(group),
    );
  const assertKnown = (group: string): void => {
    if (!names.includes(group)) throw unknownName('group', group, names);
  };
  const assertScaled = (group: string): void => {
    if (!scaler.groups.includes(group)) throw unknownName('group', group, scaler.groups);
  };

  return {
    standing: () => scaler.groups.map((group) => scaler.status(group)),
    async status(group) {
      if (group !== undefined) {
        assertScaled(group);
        return [await look(group)];
      }
      const all = await Promise.all(scaler.groups.map(look));
      // What is described no more is asked for by its name, for its history; in the list it would stand for ever.
      return all.filter((each) => names.includes(each.group) || each.fleet !== undefined);
    },
    async configure(group, change) {
      assertKnown(group);
      await scaler.configure(group, change);
      return look(group);
    },
    async scaleManually(group, request) {
      await scaler.scaleManually(group, request);
      return look(group);
    },
    async endManual(group) {
      await scaler.endManual(group);
      return look(group);
    },
    async restart(group, order) {
      await scaler.restart(group, order);
      return look(group);
    },
    async endRestart(group, order) {
      await scaler.endRestart(group, order);
      return look(group);
    },
    async history(filter) {
      const { items, next } = await store.scalingEvents.list(filter);
      return { items: items.map(eventViewOf), ...(next === undefined ? {} : { nextCursor: next }) };
    },
    async decisions(query) {
      assertScaled(query.group);
      return (await scaler.decisions(query)).map(decisionViewOf);
    },
    async decisionAt(group, atMs) {
      assertScaled(group);
      const stillMs = Math.max(stillMsMin, 2 * everyMs(group));
      const query = { group, fromMs: atMs - stillMs, toMs: atMs + 1, limit: 1 };
      return (await scaler.decisions(query)).map(decisionViewOf);
    },
    close: () => scaler.close(),
  };
}

/** Where a policy says nothing: as Kubernetes' own autoscaler. */
const intervalMs = 15_000;

/** Until the next round a decision holds; one that goes on is remembered once a minute. */
const stillMsMin = 60_000;

const fileKind = 'scaling file';

/** A policy that has changed in the file counts as a change; what was set over the API since then stays otherwise. */
async function followFile(
  scaler: Scaler,
  { documents }: Pick<Store, 'documents'>,
  services: readonly ServiceDescription[],
): Promise<void> {
  for (const { name, policy } of services) {
    const text = JSON.stringify(policy);
    const before = await documents.get(fileKind, name);
    if (before?.body === text && scaler.groups.includes(name)) continue;
    await scaler.configure(name, { policy, changedBy: 'services file' });
    await documents.put(fileKind, name, text);
  }
}

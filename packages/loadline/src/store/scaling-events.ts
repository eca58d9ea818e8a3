import type { Queryable } from '../postgres/index.ts';
import { writeJson } from './json.ts';
import { type Page, type PageRequest, readPage } from './page.ts';

/** What was scaled, when, and why: the table `auto_scaling_events`. */
export interface ScalingEvents {
  /** @throws STORE_TOO_LARGE where `detail` is above 64 KiB of JSON. */
  append(event: ScalingEventDraft): Promise<ScalingEvent>;
  /** For whoever lost the answer and offers it again: of one id and time one event is kept, and that one is given back. */
  appendOnce(event: ScalingEvent): Promise<ScalingEvent>;
  /** The newest first. @throws STORE_QUERY_INVALID where `limit` or `after` is none of ours. */
  list(filter?: ScalingEventFilter): Promise<Page<ScalingEvent>>;
}

/** One change of a group's capacity, in instances, with the number that moved it and the one it was held against. */
export interface ScalingEventDraft {
  /** At most 100 characters. */
  readonly scalingGroup: string;
  /** `scale_up`, `scale_down`, or another word of at most 20 characters. */
  readonly scalingAction: string;
  readonly previousCapacity: number;
  readonly newCapacity: number;
  /** What moved it: a metric, or `manual`. At most 50 characters. */
  readonly triggerMetric: string;
  readonly triggerValue: number;
  readonly thresholdValue: number;
  /** In words. */
  readonly reason?: string;
  /** Who: `scaler`, or the name of a key. */
  readonly actor?: string;
  /** What was seen and proposed; at most 64 KiB of JSON. */
  readonly detail?: unknown;
  /** When it happened, which may be long before it is remembered. Default now. */
  readonly atMs?: number;
}

/** A scaling event as it is kept. */
export interface ScalingEvent extends ScalingEventDraft {
  readonly id: string;
  readonly atMs: number;
}

/** Which events; all that is given must hold. The time is from `fromMs` to before `toMs`. */
export interface ScalingEventFilter extends PageRequest {
  readonly scalingGroup?: string;
  readonly scalingAction?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Only those whose `detail` has this in it, beside other things: `{ outcome: 'accepted' }`. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The scaling events of one database. */
export function createScalingEvents(queryable: Queryable): ScalingEvents {
  return {
    async append(event) {
      const { rows } = await queryable.query<Row>(append, valuesOf(event));
      return toEvent(rows[0] as Row);
    },
    async appendOnce(event) {
      const added = await queryable.query<Row>(appendOnce, [...valuesOf(event), event.id]);
      const { rows } =
        added.rows.length > 0 ? added : await queryable.query<Row>(get, [event.id, event.atMs]);
      return toEvent(rows[0] as Row);
    },
    list: ({ scalingGroup, scalingAction, fromMs, toMs, detail, ...page } = {}) =>
      readPage(queryable, source, page, [
        ['scaling_group = ?', scalingGroup],
        ['scaling_action = ?', scalingAction],
        ['timestamp >= to_timestamp(?::float8 / 1000)', fromMs],
        ['timestamp < to_timestamp(?::float8 / 1000)', toMs],
        ['detail @> ?::jsonb', detail === undefined ? undefined : JSON.stringify(detail)],
      ]),
  };
}

function valuesOf(event: ScalingEventDraft): unknown[] {
  const { reason = null, actor = null, detail, atMs = null } = event;
  return [
    event.scalingGroup,
    event.scalingAction,
    event.previousCapacity,
    event.newCapacity,
    event.triggerMetric,
    event.triggerValue,
    event.thresholdValue,
    reason,
    actor,
    detail === undefined ? null : writeJson(detail, 'keep a scaling event', detailBytesMax),
    atMs,
  ];
}

const detailBytesMax = 64 * 1024;

const columns = `id, timestamp, scaling_group, scaling_action, previous_capacity, new_capacity, trigger_metric,
  trigger_value::float8 AS trigger_value, threshold_value::float8 AS threshold_value, reason, actor, detail`;

const append = {
  name: 'store scaling append',
  text: `INSERT INTO auto_scaling_events (scaling_group, scaling_action, previous_capacity, new_capacity,
      trigger_metric, trigger_value, threshold_value, reason, actor, detail, timestamp)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb,
      coalesce(to_timestamp($11::float8 / 1000), clock_timestamp())) RETURNING ${columns}`,
} as const;

/** The key is the id with the time, so that the time has to be the same to the microsecond: it is, by the same number. */
const appendOnce = {
  name: 'store scaling append once',
  text: `INSERT INTO auto_scaling_events (scaling_group, scaling_action, previous_capacity, new_capacity,
      trigger_metric, trigger_value, threshold_value, reason, actor, detail, timestamp, id)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, to_timestamp($11::float8 / 1000), $12::uuid)
    ON CONFLICT (id, timestamp) DO NOTHING RETURNING ${columns}`,
} as const;

const get = {
  name: 'store scaling get',
  text: `SELECT ${columns} FROM auto_scaling_events
    WHERE id = $1::uuid AND timestamp = to_timestamp($2::float8 / 1000)`,
} as const;

const source = { table: 'auto_scaling_events', columns, time: 'timestamp', toItem: toEvent } as const;

interface Row {
  readonly id: string;
  readonly timestamp: Date;
  readonly scaling_group: string;
  readonly scaling_action: string;
  readonly previous_capacity: number;
  readonly new_capacity: number;
  readonly trigger_metric: string;
  readonly trigger_value: number;
  readonly threshold_value: number;
  readonly reason: string | null;
  readonly actor: string | null;
  readonly detail: unknown;
}

function toEvent(row: Row): ScalingEvent {
  return {
    id: row.id,
    atMs: row.timestamp.getTime(),
    scalingGroup: row.scaling_group,
    scalingAction: row.scaling_action,
    previousCapacity: row.previous_capacity,
    newCapacity: row.new_capacity,
    triggerMetric: row.trigger_metric,
    triggerValue: row.trigger_value,
    thresholdValue: row.threshold_value,
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.actor === null ? {} : { actor: row.actor }),
    ...(row.detail === null ? {} : { detail: row.detail }),
  };
}

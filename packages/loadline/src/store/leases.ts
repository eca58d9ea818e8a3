import type { Queryable } from '../postgres/index.ts';

/**
 * Who of several processes does what one alone may do, by the clock of the database, whatever theirs say. Whoever dies is
 * followed by another as soon as its time is over; one that is held up longer than that finds another in its place.
 */
export interface Leases {
  /** Takes one that is free or over, or renews one's own, for so long from now on. */
  take(name: string, lease: { readonly holder: string; readonly forMs: number }): Promise<LeaseAnswer>;
  /** Gives one up, where it is one's own, so that nobody has to wait for its end. */
  release(name: string, holder: string): Promise<void>;
}

/** Whether the lease is the asker's now. */
export interface LeaseAnswer {
  readonly isHeld: boolean;
  /** Who has it now; undefined where that has just changed. */
  readonly holder: string | undefined;
}

/** The leases of one database. */
export function createLeases(queryable: Queryable): Leases {
  return {
    async take(name, { holder, forMs }) {
      const { rows } = await queryable.query<Row>(statements.take, [name, holder, forMs]);
      const found = rows.find(({ is_held: isHeld }) => isHeld) ?? rows[0];
      const isStale = found !== undefined && !found.is_held && found.holder === holder;
      return {
        isHeld: found?.is_held === true,
        // What stood there before the statement: another has taken it meanwhile.
        holder: isStale ? undefined : found?.holder,
      };
    },
    async release(name, holder) {
      await queryable.query(statements.release, [name, holder]);
    },
  };
}

interface Row {
  readonly holder: string;
  readonly is_held: boolean;
}

const statements = {
  /** Its time is kept with it: whoever waits need not know for how long the other has it. */
  take: {
    name: 'store leases take',
    text: `WITH mine AS (
        INSERT INTO documents AS d (kind, id, body)
          VALUES ('lease', $1, jsonb_build_object('holder', $2::text, 'forMs', $3::float8))
        ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body, version = d.version + 1, updated_at = clock_timestamp()
          WHERE d.body->>'holder' = $2
            OR d.updated_at + (d.body->>'forMs')::float8 * interval '1 millisecond' < clock_timestamp()
        RETURNING body->>'holder' AS holder)
      SELECT holder, true AS is_held FROM mine
      UNION ALL SELECT body->>'holder', false FROM documents WHERE kind = 'lease' AND id = $1`,
  },
  release: {
    name: 'store leases release',
    text: "DELETE FROM documents WHERE kind = 'lease' AND id = $1 AND body->>'holder' = $2",
  },
} as const;

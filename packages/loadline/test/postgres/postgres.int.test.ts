import { type FaultProxy, type StartedPostgres, startFaultProxy, startPostgres } from '@loadline/local-stack';
import { createVirtualClock } from 'loadline/base';
import { createPostgres, type Postgres, type PostgresOptions } from 'loadline/postgres';
import { type Deadline, startDeadline } from 'loadline/resilience';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let server: StartedPostgres;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await startPostgres();
  proxy = await startFaultProxy({ target: server });
});

afterAll(async () => {
  await proxy.close();
  await server.stop();
});

/** Nothing listens on this port. */
const absent = 'postgresql://nobody@127.0.0.1:9/none';

async function withPool<Value>(
  options: Partial<PostgresOptions>,
  work: (postgres: Postgres) => Promise<Value>,
): Promise<Value> {
  await using postgres = createPostgres({ url: server.url, ...options });
  return await work(postgres);
}

const now = { text: 'SELECT 1 AS one' };
const slow = { text: 'SELECT pg_sleep(0.3)' };

describe('query()', () => {
  it('gives rows and their number', () =>
    withPool({}, async (postgres) => {
      const result = await postgres.query({ name: 'add', text: 'SELECT $1::int + 1 AS sum' }, [41]);
      expect(result).toEqual({ rows: [{ sum: 42 }], rowCount: 1 });
    }));

  it('prepares a named statement once a connection', () =>
    withPool({ connectionsMax: 1 }, async (postgres) => {
      for (let i = 0; i < 3; i++) await postgres.query({ name: 'twice', text: 'SELECT 2 AS two' });
      const { rows } = await postgres.query({ text: 'SELECT name FROM pg_prepared_statements' });
      expect(rows).toEqual([{ name: 'twice' }]);
    }));

  it('keeps the connection, and what is prepared on it, after an error of the statement', () =>
    withPool({ connectionsMax: 1 }, async (postgres) => {
      const pid = { name: 'pid', text: 'SELECT pg_backend_pid() AS pid' };
      const before = await postgres.query(pid);
      await expect(postgres.query({ text: 'SELECT 1 / 0' })).rejects.toThrow('division by zero');
      await expect(postgres.query(slow)).resolves.toBeDefined();
      expect(await postgres.query(pid)).toEqual(before);
      expect(postgres.usage.lost).toBe(0);
    }));

  it('lets the server cancel what takes too long', () =>
    withPool({ statementTimeoutMs: 100 }, async (postgres) => {
      await expect(postgres.query(slow)).rejects.toMatchObject({
        code: 'POSTGRES_STATEMENT_TIMEOUT',
        facts: { sqlState: '57014' },
      });
    }));

  it('gives up a server that went silent, and works again when it is back', () =>
    withPool({ url: proxy.urlFor(server.url), statementTimeoutMs: 100 }, async (postgres) => {
      await postgres.query(now);
      await proxy.inject({ kind: 'half-open' });
      const start = performance.now();
      await expect(postgres.query(now)).rejects.toMatchObject({ code: 'POSTGRES_STATEMENT_TIMEOUT' });
      expect(performance.now() - start).toBeLessThan(2000);
      await proxy.heal();
      await expect(postgres.query(now)).resolves.toMatchObject({ rows: [{ one: 1 }] });
      expect(postgres.usage).toMatchObject({ lost: 1, waiting: 0 });
    }));

  it('says that the connection was lost when it breaks in the middle', () =>
    withPool({ url: proxy.urlFor(server.url) }, async (postgres) => {
      await postgres.query(now);
      const running = expect(postgres.query(slow)).rejects.toMatchObject({
        code: 'POSTGRES_CONNECTION_LOST',
      });
      await proxy.inject({ kind: 'reset' });
      await running;
      await proxy.heal();
      await expect(postgres.query(now)).resolves.toBeDefined();
    }));

  it('survives that the server ends an idle connection', () =>
    withPool({ connectionsMax: 1 }, async (postgres) => {
      const { rows } = await postgres.query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid' });
      await withPool({}, (other) =>
        other.query({ text: 'SELECT pg_terminate_backend($1, 5000)' }, [rows[0]?.pid]),
      );
      await expect.poll(() => postgres.usage.lost).toBe(1);
      await expect(postgres.query(now)).resolves.toBeDefined();
    }));
});

describe('the way to a connection', () => {
  it('ends in time where nobody listens, where a server is silent, and where it refuses', async () => {
    await withPool({ url: absent }, async (postgres) => {
      await expect(postgres.query(now)).rejects.toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
    });
    await proxy.inject({ kind: 'half-open' });
    await withPool({ url: proxy.urlFor(server.url), connectTimeoutMs: 150 }, async (postgres) => {
      await expect(postgres.query(now)).rejects.toMatchObject({ code: 'POSTGRES_UNREACHABLE' });
    });
    await proxy.heal();
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await withPool({ url: wrong.href }, async (postgres) => {
      const error = await postgres.query(now).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'POSTGRES_REFUSED', facts: { sqlState: '28P01' } });
      expect(String(error)).not.toContain(server.url);
    });
  });

  it('refuses who would wait behind too many', () =>
    withPool({ connectionsMax: 1, queueMax: 1 }, async (postgres) => {
      const outcomes = await Promise.allSettled([slow, slow, slow].map((each) => postgres.query(each)));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
      expect(outcomes[2]).toMatchObject({ reason: { code: 'POSTGRES_POOL_EXHAUSTED' } });
      expect(postgres.usage.refused).toBe(1);
    }));

  it('takes nobody for waiting who only has to take a free connection', () =>
    withPool({ connectionsMax: 2, queueMax: 0 }, async (postgres) => {
      const statuses = async (): Promise<string[]> =>
        (await Promise.allSettled([slow, slow, slow].map((each) => postgres.query(each)))).map(
          ({ status }) => status,
        );
      expect(await statuses()).toEqual(['fulfilled', 'fulfilled', 'rejected']); // Both are opened.
      expect(await statuses()).toEqual(['fulfilled', 'fulfilled', 'rejected']); // Both are idle.
    }));

  it('refuses who has waited for too long', () =>
    withPool({ connectionsMax: 1, acquireTimeoutMs: 50 }, async (postgres) => {
      await expect.poll(() => postgres.query(now).catch(() => undefined)).toBeDefined(); // A connection is open.
      const first = postgres.query(slow);
      await expect(postgres.query(now)).rejects.toMatchObject({
        code: 'POSTGRES_POOL_EXHAUSTED',
        facts: { acquireTimeoutMs: 50 },
      });
      await first;
      expect(postgres.usage.waiting).toBe(0);
    }));

  it('refuses an address that is none, without repeating it', () => {
    const make = (): Postgres => createPostgres({ url: 'mysql://root:secret@host/db' });
    expect(make).toThrow(expect.objectContaining({ code: 'POSTGRES_ADDRESS_INVALID' }));
    expect(make).not.toThrow('secret');
  });
});

describe('transaction()', () => {
  it('keeps all or nothing', () =>
    withPool({ connectionsMax: 1 }, async (postgres) => {
      await postgres.query({ text: 'CREATE TABLE kept (n int)' });
      const insert = { name: 'keep', text: 'INSERT INTO kept VALUES ($1)' };
      await postgres.transaction((transaction) => transaction.query(insert, [1]));
      const failing = postgres.transaction(async (transaction) => {
        await transaction.query(insert, [2]);
        throw new Error('changed my mind');
      });
      await expect(failing).rejects.toThrow('changed my mind');
      expect((await postgres.query({ text: 'SELECT n FROM kept' })).rows).toEqual([{ n: 1 }]);
      expect(postgres.usage).toMatchObject({ connections: 1, lost: 0 });
    }));

  it('does not pass off as committed what the server rolled back', () =>
    withPool({}, async (postgres) => {
      const swallowing = postgres.transaction(async (transaction) => {
        await transaction.query({ text: 'SELECT 1 / 0' }).catch(() => undefined);
      });
      await expect(swallowing).rejects.toMatchObject({
        code: 'POSTGRES_STATEMENT_FAILED',
        facts: { sqlState: '25P02' },
      });
      expect(postgres.usage.lost).toBe(0);
    }));

  it('has its own limit, and the pool’s again afterwards', () =>
    withPool({ connectionsMax: 1, statementTimeoutMs: 100 }, async (postgres) => {
      const patient = postgres.transaction((transaction) => transaction.query(slow), {
        statementTimeoutMs: 5000,
      });
      await expect(patient).resolves.toBeDefined();
      await expect(postgres.query(slow)).rejects.toMatchObject({ code: 'POSTGRES_STATEMENT_TIMEOUT' });
    }));

  it('is read-only when asked to be', () =>
    withPool({}, async (postgres) => {
      const writing = postgres.transaction(
        (transaction) => transaction.query({ text: 'CREATE TABLE no (n int)' }),
        {
          readOnly: true,
        },
      );
      await expect(writing).rejects.toMatchObject({ facts: { sqlState: '25006' } });
    }));

  it('gives the lock and the connection back when a lock isn’t to be had', () =>
    withPool({ lockTimeoutMs: 100 }, async (postgres) => {
      const lock = { text: 'SELECT pg_advisory_xact_lock(7)' };
      await postgres.transaction(async (transaction) => {
        await transaction.query(lock);
        const second = postgres.transaction((other) => other.query(lock));
        await expect(second).rejects.toMatchObject({ code: 'POSTGRES_LOCK_TIMEOUT' });
      });
      expect(postgres.usage.connections - postgres.usage.idle).toBe(0);
    }));

  it('refuses to be used after its end', () =>
    withPool({}, async (postgres) => {
      const kept = await postgres.transaction(async (transaction) => transaction);
      expect(() => kept.query(now)).toThrow('after its end');
    }));
});

describe('a call within a time', () => {
  /** Has the only connection of the pool until it is told to give it back. */
  async function holdConnection(postgres: Postgres): Promise<() => Promise<void>> {
    const { promise: told, resolve: give } = Promise.withResolvers<void>();
    const { promise: isHeld, resolve: held } = Promise.withResolvers<void>();
    const holding = postgres.transaction(async () => {
      held();
      await told;
    });
    await isHeld;
    return async () => {
      give();
      await holding;
    };
  }

  /** A time that is over when the test says so, and whose signal never aborts. */
  function untimed() {
    let leftMs = 100;
    const within: Deadline = { signal: new AbortController().signal, remainingMs: () => leftMs };
    return {
      within,
      end: (): void => {
        leftMs = 0;
      },
    };
  }

  const overdue = { code: 'POSTGRES_DEADLINE' };

  it('gives up its wait for a connection when that is over, and its statement never runs', () =>
    withPool({ connectionsMax: 1, queueMax: 2 }, async (postgres) => {
      await postgres.query({ text: 'CREATE SEQUENCE overdue' });
      const count = { text: "SELECT nextval('overdue')::int AS n" };
      const giveBack = await holdConnection(postgres);
      const clock = createVirtualClock();
      const within = startDeadline(100, { clock });
      const late = expect(postgres.query(count, [], { within })).rejects.toMatchObject(overdue);
      const patient = postgres.query(count);
      await clock.advance(100);
      await late; // The connection is taken all the while.
      expect(postgres.usage).toMatchObject({ connections: 1, idle: 0, refused: 1 });
      await giveBack();
      expect((await patient).rows).toEqual([{ n: 1 }]);
      expect((await postgres.query(count)).rows).toEqual([{ n: 2 }]);
      expect(postgres.usage).toMatchObject({ connections: 1, waiting: 0, refused: 1, lost: 0 });
    }));

  it('sends nothing when that was over before a connection came, and gives it back whole', () =>
    withPool({ connectionsMax: 1 }, async (postgres) => {
      await postgres.query({ text: 'CREATE SEQUENCE unsent' });
      const count = { text: "SELECT nextval('unsent')::int AS n" };
      const giveBack = await holdConnection(postgres);
      const { within, end } = untimed();
      const late = [
        postgres.query(count, [], { within }),
        postgres.transaction((transaction) => transaction.query(count), { within }),
      ].map((each) => expect(each).rejects.toMatchObject(overdue));
      end();
      await giveBack();
      await Promise.all(late);
      expect((await postgres.query(count)).rows).toEqual([{ n: 1 }]);
      expect(postgres.usage).toMatchObject({ connections: 1, lost: 0 });
    }));

  it('asks for no connection when that is over already', () =>
    withPool({}, async (postgres) => {
      const { within, end } = untimed();
      end();
      await expect(postgres.query(now, [], { within })).rejects.toMatchObject(overdue);
      expect(postgres.usage).toMatchObject({ connections: 0, refused: 0 });
    }));

  it('needs no timer where a connection is free', () =>
    withPool({}, async (postgres) => {
      await postgres.query(now);
      const within = {
        remainingMs: () => 100,
        get signal(): AbortSignal {
          throw new Error('a signal was made');
        },
      };
      await expect(postgres.query(now, [], { within })).resolves.toBeDefined();
    }));

  it('does not wait for a connection to be opened either, and leaves it to others', async () => {
    await proxy.inject({ kind: 'half-open' });
    await withPool({ url: proxy.urlFor(server.url), connectTimeoutMs: 1000 }, async (postgres) => {
      const clock = createVirtualClock();
      const within = startDeadline(100, { clock });
      const late = expect(postgres.query(now, [], { within })).rejects.toMatchObject(overdue);
      await clock.advance(100);
      await late;
      await proxy.heal();
      await expect.poll(() => postgres.query(now).catch(() => undefined)).toBeDefined();
    });
  });

  it('lets a statement run to its end that was sent', () =>
    withPool({}, async (postgres) => {
      await postgres.query(now);
      const { within, end } = untimed();
      const asked = {
        text: "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query ~ '''lat[e]'''",
      };
      const running = await postgres.transaction(async (holder) => {
        await holder.query({ text: 'SELECT pg_advisory_xact_lock(1)' });
        const text = "SELECT pg_advisory_xact_lock(1), 'late' AS asked";
        const waiting = postgres.query({ text }, [], { within });
        await expect.poll(async () => (await postgres.query(asked)).rowCount).toBe(1);
        end();
        return { waiting };
      });
      await expect(running.waiting).resolves.toBeDefined();
    }));

  it('rolls a transaction back in which that ends, up to its COMMIT', () =>
    withPool({ connectionsMax: 1 }, async (postgres) => {
      await postgres.query({ text: 'CREATE TABLE too_late (n int)' });
      const insert = { text: 'INSERT INTO too_late VALUES ($1)' };
      for (const isBetween of [true, false]) {
        const { within, end } = untimed();
        const late = postgres.transaction(
          async (transaction) => {
            await transaction.query(insert, [1]);
            end();
            if (isBetween) await transaction.query(insert, [2]).catch(() => undefined);
          },
          { within },
        );
        await expect(late).rejects.toMatchObject(overdue);
      }
      expect((await postgres.query({ text: 'SELECT n FROM too_late' })).rows).toEqual([]);
      expect(postgres.usage).toMatchObject({ connections: 1, lost: 0 });
    }));
});

describe('close()', () => {
  it('lets running statements end and refuses further ones', async () => {
    const postgres = createPostgres({ url: server.url });
    const running = postgres.query(slow);
    await expect.poll(() => postgres.usage.connections - postgres.usage.idle).toBe(1);
    const closed = postgres.close();
    await expect(postgres.query(now)).rejects.toMatchObject({ code: 'POSTGRES_CLOSED' });
    await expect(running).resolves.toBeDefined();
    await closed;
    await postgres.close();
  });

  it('comes with the signal', async () => {
    const controller = new AbortController();
    const postgres = createPostgres({ url: server.url, signal: controller.signal });
    controller.abort();
    await expect(postgres.query(now)).rejects.toMatchObject({ code: 'POSTGRES_CLOSED' });
  });

  it('comes with a signal that had aborted before', async () => {
    const postgres = createPostgres({ url: server.url, signal: AbortSignal.abort() });
    await expect(postgres.query(now)).rejects.toMatchObject({ code: 'POSTGRES_CLOSED' });
    await postgres.close();
  });

  it('tells who still waits for a connection what became of it', async () => {
    const postgres = createPostgres({ url: server.url, connectionsMax: 1, acquireTimeoutMs: 400 });
    const running = postgres.query(slow);
    const waiting = expect(postgres.query(now)).rejects.toMatchObject({ code: 'POSTGRES_CLOSED' });
    await postgres.close();
    await running;
    await waiting;
    expect(postgres.usage.refused).toBe(0);
  });
});

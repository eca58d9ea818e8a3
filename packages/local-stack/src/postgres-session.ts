import pg from 'pg';

/** Runs statements on a connection of their own, which ends with them. */
export async function withSession<Result>(
  url: string,
  run: (session: pg.Client) => Promise<Result>,
): Promise<Result> {
  const session = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  session.on('error', () => undefined); // A lost connection also fails the query that is under way.
  await session.connect();
  try {
    return await run(session);
  } finally {
    await session.end();
  }
}

/** The one row of a query that has exactly one. */
export async function oneRow<Row extends pg.QueryResultRow>(
  session: pg.Client,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row> {
  const { rows } = await session.query<Row>(text, [...values]);
  const [row] = rows;
  if (row === undefined || rows.length > 1) throw new Error(`expected one row, got ${rows.length}: ${text}`);
  return row;
}

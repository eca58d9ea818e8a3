import { writeFile } from 'node:fs/promises';
import pg from 'pg';
import { issueToken } from '../ground/tokens.ts';

/** Which people to write, and where. */
export interface PeopleOptions {
  /** A database that `prepareFoodshare` has filled. */
  readonly databaseUrl: string;
  readonly tokenSecret: string;
  /** The CSV file to write. */
  readonly file: string;
  /** How many people at most. Default 5,000. */
  readonly count?: number;
  /** How many of them, the first ones, may also do what administrators may. Default 0. */
  readonly admins?: number;
  /** How long the tokens are good for. Default a day. */
  readonly tokenLifetimeMs?: number;
}

interface Person {
  readonly user_id: string;
  readonly lat: number;
  readonly lon: number;
  readonly group_id: string;
}

/**
 * Writes generated people with their tokens, homes and one of their groups as CSV, for a load test in which each
 * virtual user is somebody else: `user_id,token,lat,lon,group_id`. Whom, is the same every time, and not only
 * the busiest.
 *
 * @returns how many were written.
 */
export async function writePeople(options: PeopleOptions): Promise<number> {
  const { databaseUrl, tokenSecret, file, count = 5000, admins = 0, tokenLifetimeMs } = options;
  const people = await readPeople(databaseUrl, count);
  const lines = await Promise.all(
    people.map(async ({ user_id, lat, lon, group_id }, index) => {
      const token = await issueToken({
        userId: user_id,
        roles: index < admins ? ['admin'] : [],
        secret: tokenSecret,
        ...(tokenLifetimeMs === undefined ? {} : { lifetimeMs: tokenLifetimeMs }),
      });
      return `${user_id},${token},${lat},${lon},${group_id}\n`;
    }),
  );
  // Tokens are keys to somebody's account, if only a generated one's.
  await writeFile(file, `user_id,token,lat,lon,group_id\n${lines.join('')}`, { mode: 0o600 });
  return people.length;
}

async function readPeople(databaseUrl: string, count: number): Promise<readonly Person[]> {
  const client = new pg.Client({ connectionString: databaseUrl, statement_timeout: 60_000 });
  await client.connect();
  try {
    const { rows } = await client.query<Person>(
      `SELECT u.id AS user_id, u.latitude AS lat, u.longitude AS lon, m.group_id
FROM (SELECT * FROM users ORDER BY md5(id::text) LIMIT $1) u
CROSS JOIN LATERAL (SELECT group_id FROM group_member_status WHERE user_id = u.id ORDER BY group_id LIMIT 1) m
ORDER BY md5(u.id::text)`,
      [count],
    );
    return rows;
  } finally {
    await client.end();
  }
}

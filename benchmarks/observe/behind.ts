/** What stands behind the services of the benchmark `observe`, and what they are asked. */
import { startLocalStack, startPostgres } from '@loadline/local-stack';
import { createRandom } from 'loadline/base';
import { createPostgres } from 'loadline/postgres';
import {
  type DiscoveryFilter,
  drawDiscovery,
  issueToken,
  prepareFoodshare,
  type Seeker,
} from '../../examples/foodshare/src/index.ts';
import { signToken } from './token.ts';

export interface Question {
  readonly path: string;
  readonly authorization: string;
}

export interface Behind extends AsyncDisposable {
  /** What the process of a service has to know. */
  readonly env: Readonly<Record<string, string>>;
  /** Asked one after the other, and then from the first on. */
  readonly questions: readonly Question[];
}

const dishes = 10_000;
const posts = 20_000;
const askers = 500;

/** Nothing: whoever is asked for a dish makes it up. */
export const nothingBehind: Behind = {
  env: {},
  questions: Array.from({ length: dishes }, (_, nth) => ({
    path: `/food/${1 + ((nth * 7919) % dishes)}`,
    authorization: `Bearer ${signToken(`user-${nth % askers}`)}`,
  })),
  [Symbol.asyncDispose]: async () => undefined,
};

/** A PostgreSQL with as many dishes as can be asked for. */
export async function startDishes(): Promise<Behind> {
  const server = await startPostgres();
  const postgres = createPostgres({ url: server.url });
  const columns = 'id int PRIMARY KEY, owner text, title text, portions int, allergens text[], lat float8';
  const text = `CREATE TABLE dishes (${columns}, lon float8, created_at timestamptz DEFAULT now())`;
  await postgres.query({ text });
  await postgres.query({
    text: `INSERT INTO dishes SELECT id, 'user-' || id % 500, 'Lentil soup ' || id, id % 5, '{celery}', 52.5, 13.4 FROM generate_series(1, ${dishes}) AS id`,
  });
  await postgres.query({ text: 'ANALYZE dishes' });
  await postgres.close();
  const env = { DATABASE_URL: server.url };
  return { ...nothingBehind, env, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/**
 * The servers of the example service with a small world in them. People look around near home, by the filters of its
 * own benchmark, and look at somebody's profile, in turns.
 */
export async function startFood(): Promise<Behind> {
  // Of all that are compared each has two instances with ten connections.
  const stack = await startLocalStack({ settings: { max_connections: '200' } });
  const databaseUrl = stack.postgres.url;
  await prepareFoodshare({ databaseUrl, posts });
  const seekers = await readSeekers(databaseUrl);
  const secret = 'what signs tokens in a benchmark';
  const tokens = await Promise.all(seekers.map(({ userId }) => issueToken({ userId, secret })));
  const random = createRandom(1);
  const questions = Array.from({ length: dishes }, (_, nth): Question => {
    const seeker = seekers[(nth >> 1) % seekers.length] as Seeker;
    const authorization = `Bearer ${tokens[(nth >> 1) % seekers.length]}`;
    if (nth % 2 === 0) return { authorization, path: pathOf(drawDiscovery(random, seeker, Date.now())) };
    const other = seekers[(nth * 7919) % seekers.length] as Seeker;
    return { authorization, path: `/api/users/${other.userId}/profile` };
  });
  const env = {
    DATABASE_URL: databaseUrl,
    VALKEY_CACHE_URL: stack.valkeyCache.url,
    FOODSHARE_TOKEN_SECRET: secret,
  };
  return { env, questions, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
}

async function readSeekers(databaseUrl: string): Promise<readonly Seeker[]> {
  const postgres = createPostgres({ url: databaseUrl, connectionsMax: 1 });
  const text = `SELECT id AS "userId", latitude, longitude FROM users ORDER BY md5(id::text) LIMIT ${askers}`;
  const { rows } = await postgres.query<Seeker>({ text });
  await postgres.close();
  return rows;
}

function pathOf({ within, reputationMin, pickupFrom, pickupTo, limit }: DiscoveryFilter): string {
  const asked = {
    lat: within?.latitude,
    lon: within?.longitude,
    distance_km: within?.radiusKm,
    reputation_min: reputationMin,
    pickup_from: pickupFrom?.toISOString(),
    pickup_to: pickupTo?.toISOString(),
    limit,
  };
  const words = Object.entries(asked).filter(([, value]) => value !== undefined);
  return `/api/food?${new URLSearchParams(words.map(([name, value]) => [name, String(value)]))}`;
}

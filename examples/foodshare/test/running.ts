import {
  type Foodshare,
  type FoodshareOptions,
  issueToken,
  prepareFoodshare,
  startFoodshare,
} from '@loadline/foodshare';
import { type LocalStack, startLocalStack } from '@loadline/local-stack';
import { createPostgres, type Postgres } from 'loadline/postgres';

/** Long enough for stronger algorithms than ours too, so that a test can try them. */
export const tokenSecret: string = 'a secret of the tests '.repeat(3);

/** A real stack with a small world in it, and one instance. */
export interface Running extends AsyncDisposable {
  readonly stack: LocalStack;
  readonly service: Foodshare;
  /** For looking at what the service has left in the tables. */
  readonly database: Postgres;
  call(method: string, path: string, request?: CallOptions): Promise<Answer>;
}

export interface CallOptions {
  readonly as?: string;
  readonly admin?: boolean;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Which instance; the running one by default. */
  readonly url?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test says by its assertions what a body holds.
  readonly body: any;
}

export async function startRunning(posts: number, options: Partial<FoodshareOptions> = {}): Promise<Running> {
  const stack = await startLocalStack();
  await prepareFoodshare({ databaseUrl: stack.postgres.url, posts });
  const service = await startFoodshare({
    databaseUrl: stack.postgres.url,
    valkeyCacheUrl: stack.valkeyCache.url,
    tokenSecret,
    ...options,
  });
  const database = createPostgres({ url: stack.postgres.url, statementTimeoutMs: 30_000 });
  return {
    stack,
    service,
    database,
    call: (method, path, request) => call(request?.url ?? service.url, method, path, request),
    async [Symbol.asyncDispose]() {
      await Promise.all([service.stop(), database.close()]);
      await stack.stop();
    },
  };
}

async function call(url: string, method: string, path: string, request: CallOptions = {}): Promise<Answer> {
  const headers = new Headers(request.headers);
  if (request.as !== undefined) {
    const roles = request.admin === true ? ['admin'] : [];
    const token = await issueToken({ userId: request.as, roles, secret: tokenSecret });
    headers.set('authorization', `Bearer ${token}`);
  }
  if (request.body !== undefined && !headers.has('content-type'))
    headers.set('content-type', 'application/json');
  const body = typeof request.body === 'string' ? request.body : JSON.stringify(request.body);
  const response = await fetch(url + path, {
    method,
    headers,
    ...(request.body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** Somebody and their first group. */
export interface Person {
  readonly id: string;
  readonly group: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** Several members of the group that has the most. */
export async function membersOfOneGroup(database: Postgres, count: number): Promise<readonly Person[]> {
  const { rows } = await database.query<Person>(
    {
      text: `
SELECT u.id, m.group_id AS "group", u.latitude, u.longitude FROM group_member_status m JOIN users u ON u.id = m.user_id
WHERE m.group_id = (SELECT group_id FROM group_member_status GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)
ORDER BY u.id LIMIT $1`,
    },
    [count],
  );
  return rows;
}

/** An offer that is right in every field. */
export function offerTo(group: string, changes: object = {}): object {
  return {
    group_id: group,
    title: 'Onion tart',
    description: 'Half of it, from today.',
    pickup_time: new Date(Date.now() + 3_600_000).toISOString(),
    pickup_location: 'Blue gate, Mill Lane 3',
    latitude: 52.5,
    longitude: 13.4,
    ...changes,
  };
}

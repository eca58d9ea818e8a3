import { request } from 'node:http';
import { type Foodshare, type FoodshareOptions, issueToken, startFoodshare } from '@loadline/foodshare';
import { createRegistry } from 'loadline/metrics';
import { expect, it } from 'vitest';

const tokenSecret = 'a secret of the tests '.repeat(3);
const controlKey = 'a-key-of-some-length';
const anId = '00000000-0001-8003-8000-000000000000';

/** An instance that reaches none of its servers, which is of no use, and watched all the same. */
async function start(options: Partial<FoodshareOptions> = {}): Promise<Foodshare & AsyncDisposable> {
  const databaseUrl = 'postgresql://127.0.0.1:9/foodshare';
  const valkeyCacheUrl = 'valkey://127.0.0.1:9';
  const service = await startFoodshare({ databaseUrl, valkeyCacheUrl, tokenSecret, ...options });
  return { ...service, [Symbol.asyncDispose]: () => service.stop() };
}

function withKey(key: string): { readonly headers: Readonly<Record<string, string>> } {
  return { headers: { authorization: `Bearer ${key}` } };
}

async function metricsOf({ url }: Foodshare): Promise<string> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.status).toBe(200);
  return await answer.text();
}

it('shows its metrics to this machine, and beyond a proxy to the control key alone', async () => {
  await using service = await start({ controlKey });
  const statusOf = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (await fetch(`${service.url}/metrics`, { headers })).status;
  const proxied = { 'x-forwarded-for': '192.0.2.1' };
  expect(await statusOf({})).toBe(200);
  expect(await statusOf(proxied)).toBe(401);
  expect(await statusOf({ ...proxied, ...withKey(controlKey).headers })).toBe(200);
});

it('lets itself be profiled by who has the control key, and nobody else', async () => {
  await using service = await start({ controlKey });
  const profiles = `${service.url}/loadline/profiles`;
  const token = await issueToken({ userId: anId, roles: ['admin'], secret: tokenSecret });
  expect((await fetch(profiles)).status).toBe(401);
  expect((await fetch(profiles, withKey(token))).status).toBe(401);
  const opened = await fetch(profiles, withKey(controlKey));
  expect([opened.status, await opened.json()]).toEqual([200, { sessions: [] }]);
  const body = JSON.stringify({ kind: 'cpu', durationMs: 60_000 });
  const started = await fetch(profiles, { ...withKey(controlKey), method: 'POST', body });
  expect([started.status, await started.json()]).toMatchObject([201, { state: 'running' }]);
});

it('has no door for profiles where no key could open it', async () => {
  await using service = await start();
  const answer = await fetch(`${service.url}/loadline/profiles`, withKey(controlKey));
  expect([answer.status, await answer.json()]).toMatchObject([
    404,
    { type: 'urn:foodshare:problem:not-found' },
  ]);
});

it('counts who is signed in as an active user, once, and nobody else', async () => {
  await using service = await start();
  const tokens = await Promise.all(
    [anId, anId, anId.replace('1', '2')].map((userId) => issueToken({ userId, secret: tokenSecret })),
  );
  for (const token of [...tokens, 'forged.forged.forged'])
    await fetch(`${service.url}/api/users/${anId}/profile`, withKey(token));
  await fetch(`${service.url}/health/live`);
  expect(await metricsOf(service)).toMatch(/^http_active_users 2$/m);
});

it('counts who is refused, who fits no route, and who goes before the answer', async () => {
  await using service = await start();
  await fetch(`${service.url}/api/food`);
  await fetch(`${service.url}/no/such/place`);
  await fetch(`${service.url}/health/live`, { method: 'POST' });
  const token = await issueToken({ userId: anId, secret: tokenSecret });
  const headers = { ...withKey(token).headers, 'content-type': 'application/json', 'content-length': '2' };
  const asking = request(`${service.url}/api/food`, { method: 'POST', headers }).on('error', () => undefined);
  asking.write('{');
  await expect.poll(() => metricsOf(service)).toMatch(/^http_requests_in_flight 1$/m);
  asking.destroy();
  await expect.poll(() => metricsOf(service)).toMatch(/^http_requests_in_flight 0$/m);
  const counted = (await metricsOf(service)).match(/^http_requests_total.*$/gm);
  expect(counted?.toSorted()).toEqual([
    'http_requests_total{method="GET",route="/api/food",status="401"} 1',
    'http_requests_total{method="GET",route="unmatched",status="404"} 1',
    'http_requests_total{method="POST",route="/api/food",status="499"} 1',
    'http_requests_total{method="POST",route="/health/live",status="405"} 1',
  ]);
});

it('is watched by whoever is given to it, who opens what it likes and outlives it', async () => {
  const registry = createRegistry();
  const seen: (string | undefined)[] = [];
  const service = await start({
    observer: {
      registry,
      fastify:
        ({ userOf }) =>
        (app, _options, done) => {
          app.get('/who', async (asking) => ({ user: seen.push(userOf(asking)) }));
          done();
        },
    },
  });
  expect((await fetch(`${service.url}/who`)).status).toBe(200);
  expect((await fetch(`${service.url}/metrics`)).status).toBe(404);
  expect(seen).toEqual([undefined]);
  await service.stop();
  expect(registry.families().map(({ name }) => name)).toContain('postgres_pool_waiting');
});

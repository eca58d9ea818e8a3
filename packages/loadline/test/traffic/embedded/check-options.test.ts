import { createRandom, createVirtualClock } from 'loadline/base';
import { type EmbeddedProxyOptions, openEmbeddedProxy } from 'loadline/traffic';
import { expect, it } from 'vitest';

const means = { clock: createVirtualClock(), random: createRandom(1) };

it('refuses options of a proxy that would be no limits, with every problem', async () => {
  const options = {
    policy: 'least-connections',
    panicRatio: 2,
    deadlineMs: -1,
    healthCheck: { kind: 'ping', path: '/a b', intervalMs: 0 },
    ejection: { ejectedRatioMax: Number.NaN },
    retry: { attemptsMax: 0, budget: 0.5 },
    limits: { bodyBytesMax: Number.NaN, connectionsMax: '10', upstreamRequestsMax: 0, queueTimeoutMs: -1 },
    cache: { bytesMax: Number.NaN },
    slowStartMS: 1000,
    port: '8080',
  };
  // What JavaScript, or a file, may hand in whatever the types say.
  const opening = openEmbeddedProxy({ ...means, ...(options as unknown as EmbeddedProxyOptions) });
  await expect(opening).rejects.toMatchObject({ code: 'TRAFFIC_OPTIONS_INVALID' });
  const message = await opening.then(String, String);
  for (const told of [
    'policy must be one of round robin, least connections',
    'panicRatio must be a number of at least 0 and at most 1, got 2',
    'deadlineMs',
    'healthCheck.kind',
    'healthCheck.path must be a path from /, without blanks',
    'healthCheck.intervalMs',
    'ejection.ejectedRatioMax',
    'retry.attemptsMax',
    'limits.bodyBytesMax must be a number of at least 0, got NaN',
    'limits.connectionsMax',
    'limits.upstreamRequestsMax must be a whole number of at least 1, or Infinity, got 0',
    'limits.queueTimeoutMs must be a number of at least 0, got -1',
    'cache.bytesMax',
    'slowStartMS is not known; did you mean slowStartMs?',
    'retry.budget is not known; known here: attemptsMax, budgetRatio, budgetPerSecondMin',
    'port must be a whole number',
  ])
    expect(message).toContain(told);
});

it('takes no limit for what has none', async () => {
  const limits = { bodyBytesMax: Number.POSITIVE_INFINITY, idleTimeoutMs: Number.POSITIVE_INFINITY };
  await using proxy = await openEmbeddedProxy({ ...means, limits, deadlineMs: Number.POSITIVE_INFINITY });
  expect(proxy.port).toBeGreaterThan(0);
});

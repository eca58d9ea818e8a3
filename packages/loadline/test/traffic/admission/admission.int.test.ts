import { createVirtualClock } from 'loadline/base';
import { createRegistry } from 'loadline/metrics';
import { createConcurrencyLimiter, createLocalRateLimit, type Priority } from 'loadline/resilience';
import { type AdmissionOptions, clientAddress, createAdmission, type GateRequest } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { type OpenService, type Service, services } from '../gate/services.ts';

describe.each(Object.keys(services))('admission to a service of %s', (framework) => {
  async function withService(
    options: AdmissionOptions,
    work: (service: Service, answerAll: () => void) => Promise<void>,
  ): Promise<void> {
    const waiting: (() => void)[] = [];
    const open = services[framework] as OpenService;
    await using service = await open(
      [createAdmission({ random: () => 0.5, ...options })],
      ({ path, answer }) => {
        if (path.includes('wait')) waiting.push(() => answer('a dish'));
        else answer('a dish');
      },
    );
    await work(service, () => {
      for (const answer of waiting.splice(0)) answer();
    });
  }
  const statusOf = async (url: string, init?: RequestInit): Promise<number> => {
    const response = await fetch(url, init);
    await response.text();
    return response.status;
  };

  it('says 429 and when to come back to whoever asks too often', async () => {
    const clock = createVirtualClock();
    const limiter = createLocalRateLimit({ ratePerSecond: 0.5, burst: 2 }, { clock });
    const keyOf = (request: GateRequest): string | undefined => request.header('x-user');
    await withService({ rates: [{ name: 'by-user', keyOf, limiter }] }, async ({ url }) => {
      const ask = (user: string): Promise<Response> =>
        fetch(`${url}/api/dish`, { headers: { 'x-user': user } });
      expect([(await ask('ann')).status, (await ask('ann')).status]).toEqual([200, 200]);
      const refused = await ask('ann');
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '2']);
      expect(refused.headers.get('content-type')).toBe('application/problem+json');
      expect(await refused.json()).toEqual({
        status: 429,
        title: 'Too Many Requests',
        code: 'TRAFFIC_TOO_OFTEN',
        detail: 'The limit by-user is reached. Come back in 2 s.',
      });
      expect((await ask('bob')).status).toBe(200);
      expect(await statusOf(`${url}/api/dish`)).toBe(200);
      await clock.advance(2000);
      expect((await ask('ann')).status).toBe(200);
    });
  });

  it('says 503 and when to come back where there is more than fits, and lets in again when there is room', async () => {
    const registry = createRegistry();
    const limiter = createConcurrencyLimiter({ limitMin: 1, limitMax: 2, limitFirst: 2 });
    const options: AdmissionOptions = { limiter, registry, priorityOf: () => 'critical' };
    await withService(options, async ({ url }, answerAll) => {
      const first = [statusOf(`${url}/api/wait`), statusOf(`${url}/api/wait`)];
      await expect.poll(() => limiter.inFlight).toBe(2);
      const refused = await fetch(`${url}/api/dish`, { method: 'POST', body: 'x'.repeat(100_000) });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
      expect(await refused.json()).toMatchObject({ status: 503, code: 'TRAFFIC_SHED' });
      answerAll();
      expect(await Promise.all(first)).toEqual([200, 200]);
      await expect.poll(() => limiter.inFlight).toBe(0);
      expect(await statusOf(`${url}/api/dish`)).toBe(200);
    });
    const outcomes = registry.snapshot().find(({ name }) => name === 'admission_requests_total');
    expect(outcomes?.series).toMatchObject([
      { labels: ['admitted'], value: 3 },
      { labels: ['shed'], value: 1 },
      { labels: ['unknown'], value: 0 },
    ]);
  });

  it('never refuses to say how the service is', async () => {
    const limiter = createConcurrencyLimiter({ limitMin: 1, limitMax: 1, limitFirst: 1 });
    const nobody = {
      name: 'nobody',
      keyOf: () => 'all',
      limiter: { take: () => ({ allowed: false, retryAfterMs: 1 }) as const },
    };
    await withService({ limiter, rates: [nobody] }, async ({ url }) => {
      for (const path of ['/health/ready', '/health', '/metrics', '/loadline/profiles'])
        expect([path, await statusOf(url + path)]).not.toContain(429);
      for (const path of ['/healthy', '/api/health']) expect(await statusOf(url + path)).toBe(429);
    });
  });

  it('gives a place back when the client goes away', async () => {
    const limiter = createConcurrencyLimiter({ limitMin: 1, limitMax: 1, limitFirst: 1 });
    await withService({ limiter }, async ({ url }, answerAll) => {
      const client = new AbortController();
      const asked = fetch(`${url}/api/wait`, { signal: client.signal }).catch(() => 'gone');
      await expect.poll(() => limiter.inFlight).toBe(1);
      client.abort();
      expect(await asked).toBe('gone');
      await expect.poll(() => limiter.inFlight).toBe(0);
      answerAll();
    });
  });
});

describe('createAdmission()', () => {
  it('lets requests pass of which the service’s own functions could not tell', async () => {
    const registry = createRegistry();
    const limiter = createConcurrencyLimiter();
    const broken = (): never => {
      throw new Error('planted');
    };
    const never = { take: () => ({ allowed: false, retryAfterMs: 1 }) as const };
    const rates = [{ name: 'by-user', keyOf: broken, limiter: never }];
    const admission = createAdmission({ registry, limiter, rates, priorityOf: broken as () => Priority });
    await using service = await (services['node:http'] as OpenService)([admission], ({ answer }) =>
      answer('a dish'),
    );
    expect(await (await fetch(`${service.url}/api/dish`)).text()).toBe('a dish');
    const outcomes = registry.snapshot().find(({ name }) => name === 'admission_requests_total');
    expect(outcomes?.series).toContainEqual({ labels: ['unknown'], value: 2 });
  });

  it('refuses options that cannot work, with every problem', () => {
    const options = { rates: [{ name: 'shed', keyOf: 'ip', limiter: 5 }], neverShed: ['health'], limits: 1 };
    expect(() => createAdmission(options as unknown as AdmissionOptions)).toThrow(
      expect.objectContaining({
        code: 'TRAFFIC_OPTIONS_INVALID',
        message: expect.stringMatching(
          /limits.*rates\[0\]\.name.*rates\[0\]\.keyOf.*rates\[0\]\.limiter.*neverShed/,
        ),
      }),
    );
  });
});

describe('clientAddress()', () => {
  const request = (address: string, forwarded?: string): GateRequest => ({
    method: 'GET',
    path: '/',
    address,
    header: (name) => (name === 'x-forwarded-for' ? forwarded : undefined),
  });

  it('believes only what its own proxies have written', () => {
    const of = clientAddress(['10.0.0.0/8', 'fd00::1']);
    expect(of(request('203.0.113.7', '198.51.100.1'))).toBe('203.0.113.7');
    expect(of(request('10.0.0.1', '198.51.100.1, 203.0.113.7'))).toBe('203.0.113.7');
    expect(of(request('10.0.0.1', '198.51.100.1, 203.0.113.7, 10.2.3.4'))).toBe('203.0.113.7');
    expect(of(request('::ffff:10.0.0.1', '203.0.113.7'))).toBe('203.0.113.7');
    expect(of(request('fd00::1', '2001:db8::7'))).toBe('2001:db8::7');
    expect(of(request('10.0.0.1', 'unknown, 10.2.3.4'))).toBe('10.2.3.4');
    expect(of(request('10.0.0.1'))).toBe('10.0.0.1');
  });

  it('takes the address of the connection where there are no proxies', () => {
    expect(clientAddress()(request('203.0.113.7', '198.51.100.1'))).toBe('203.0.113.7');
  });
});

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVirtualClock } from 'loadline/base';
import { createRegistry, type Registry } from 'loadline/metrics';
import {
  createConcurrencyLimiter,
  createLocalRateLimit,
  type Deadline,
  deadlineHeader,
  type Priority,
} from 'loadline/resilience';
import {
  type AdmissionOptions,
  clientAddress,
  createAdmission,
  deadlineOf,
  type GateRequest,
} from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { type OpenService, type Service, services } from '../gate/services.ts';

const timeLeft = (leftMs: number): RequestInit => ({ headers: { [deadlineHeader]: String(leftMs) } });

function outcomesOf(registry: Registry): unknown {
  return registry.snapshot().find(({ name }) => name === 'admission_requests_total')?.series;
}

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
      { labels: ['overdue'], value: 0 },
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

  it('lets wait for a place where there is a queue, and refuses whoever waits too long', async () => {
    const clock = createVirtualClock();
    const limits = { limitMin: 1, limitMax: 1, limitFirst: 1, queueMax: 2, queueTimeoutMs: 100 };
    const limiter = createConcurrencyLimiter({ ...limits, clock });
    await withService({ limiter, clock }, async ({ url }, answerAll) => {
      const first = statusOf(`${url}/api/wait`);
      await expect.poll(() => limiter.inFlight).toBe(1);
      const waiting = statusOf(`${url}/api/dish`);
      await expect.poll(() => limiter.waiting).toBe(1);
      answerAll();
      expect(await Promise.all([first, waiting])).toEqual([200, 200]);
      await expect.poll(() => limiter.inFlight).toBe(0);
      const second = statusOf(`${url}/api/wait`);
      await expect.poll(() => limiter.inFlight).toBe(1);
      const late = [statusOf(`${url}/api/dish`), statusOf(`${url}/api/dish`, timeLeft(20))];
      await expect.poll(() => limiter.waiting).toBe(2);
      await clock.advance(40);
      // Nobody waits for its answer any more: that is no lack of room.
      expect(await late[1]).toBe(504);
      await clock.advance(100);
      expect(await late[0]).toBe(503);
      answerAll();
      expect(await second).toBe(200);
    });
  });

  it('refuses what nobody waits for any more, and tells the work how long it has', async () => {
    const clock = createVirtualClock();
    const registry = createRegistry();
    const seen: (Deadline | undefined)[] = [];
    const admission = createAdmission({ clock, registry, deadlineMs: 500 });
    await using service = await (services[framework] as OpenService)([admission], ({ raw, answer }) => {
      const deadline = deadlineOf(raw);
      seen.push(deadline);
      deadline?.signal.addEventListener('abort', () => answer('too late'));
      if (deadline?.remainingMs() !== 20) answer('a dish');
    });
    const ask = (init?: RequestInit): Promise<Response> => fetch(`${service.url}/api/dish`, init);
    expect((await ask()).status).toBe(200);
    expect((await ask(timeLeft(200))).status).toBe(200);
    expect((await ask(timeLeft(9000))).status).toBe(200);
    expect(seen.map((deadline) => deadline?.remainingMs())).toEqual([500, 200, 500]);
    const refused = await ask(timeLeft(0));
    expect(refused.status).toBe(504);
    expect(await refused.json()).toMatchObject({ status: 504, code: 'TRAFFIC_OVERDUE' });
    const hurried = ask(timeLeft(20));
    await expect.poll(() => seen.length).toBe(4);
    await clock.advance(20);
    expect(await (await hurried).text()).toBe('too late');
    expect(outcomesOf(registry)).toContainEqual({ labels: ['overdue'], value: 1 });
  });

  it('tells the work when its client goes away', async () => {
    const seen: Deadline[] = [];
    const admission = createAdmission({ deadlineMs: 60_000 });
    await using service = await (services[framework] as OpenService)([admission], ({ raw }) => {
      seen.push(deadlineOf(raw) as Deadline);
    });
    const client = new AbortController();
    const asked = fetch(`${service.url}/api/dish`, { signal: client.signal }).catch(() => 'gone');
    await expect.poll(() => seen.length).toBe(1);
    const { signal } = seen[0] as Deadline;
    client.abort();
    expect(await asked).toBe('gone');
    await expect.poll(() => signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ name: 'AbortError' });
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
    const options = {
      rates: [{ name: 'shed', keyOf: 'ip', limiter: 5 }],
      neverShed: ['health'],
      limits: 1,
      deadlineMs: 0,
    };
    expect(() => createAdmission(options as unknown as AdmissionOptions)).toThrow(
      expect.objectContaining({
        code: 'TRAFFIC_OPTIONS_INVALID',
        message: expect.stringMatching(
          /limits.*rates\[0\]\.name.*rates\[0\]\.keyOf.*rates\[0\]\.limiter.*neverShed.*deadlineMs/,
        ),
      }),
    );
  });
});

describe('admission by limits that cannot say', () => {
  it('lets requests pass, and counts them', async () => {
    const registry = createRegistry();
    const limiter = { take: () => Promise.reject(new Error('no fleet')) };
    const open = services['node:http'] as OpenService;
    const admission = createAdmission({
      registry,
      rates: [{ name: 'by-user', keyOf: () => 'ann', limiter }],
    });
    await using service = await open([admission], ({ answer }) => answer('a dish'));
    expect((await fetch(service.url)).status).toBe(200);
    expect(outcomesOf(registry)).toEqual(
      expect.arrayContaining([
        { labels: ['unknown'], value: 1 },
        { labels: ['admitted'], value: 1 },
      ]),
    );
  });
});

describe('what admission tells its limiter', () => {
  it('is not that the service is slow where a client has asked for too much haste', async () => {
    const clock = createVirtualClock();
    const left: string[] = [];
    const place = { leave: (how: string) => void left.push(how) };
    const limiter = { enter: () => place, enterOrWait: () => place, limit: 1, inFlight: 0, waiting: 0 };
    const admission = createAdmission({ clock, limiter, deadlineMs: 1000 });
    const server = createServer(
      admission.node(async (request, response) => {
        await clock.advance(request.url === '/quick' ? 1 : 1001);
        response.statusCode = 504;
        response.end();
      }),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await (await fetch(url, timeLeft(5))).text();
    await (await fetch(url)).text();
    // It gave up while there was time.
    await (await fetch(`${url}/quick`, timeLeft(5))).text();
    server.close();
    server.closeAllConnections();
    expect(left).toEqual(['given up', 'overdue', 'overdue']);
  });

  it('is a priority that there is, whatever the service says', async () => {
    const registry = createRegistry();
    const limiter = createConcurrencyLimiter({ queueMax: 10 });
    const priorityOf = (): Priority => 'high' as Priority;
    const open = services['node:http'] as OpenService;
    const admission = createAdmission({ registry, limiter, priorityOf });
    await using service = await open([admission], ({ answer }) => answer('a dish'));
    expect((await fetch(service.url)).status).toBe(200);
    expect(outcomesOf(registry)).toContainEqual({ labels: ['unknown'], value: 1 });
  });
});

describe('clientAddress()', () => {
  const request = (address: string, forwarded?: string): GateRequest => ({
    method: 'GET',
    path: '/',
    raw: {},
    address,
    header: (name) => (name === 'x-forwarded-for' ? forwarded : undefined),
  });

  it('refuses proxies that are none, since a slip might believe everybody', () => {
    for (const entry of [
      '10.0.0.0/',
      '10.0.0.0/33',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
      'proxy',
      '',
      'fd00::/129',
    ])
      expect(() => clientAddress(['10.0.0.0/8', entry])).toThrow('proxies[1]');
    for (const entry of ['10.0.0.0/0', '10.0.0.1/32', 'fd00::/8', '::1']) clientAddress([entry]);
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

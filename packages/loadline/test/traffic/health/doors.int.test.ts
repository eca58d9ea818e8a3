import { createHealth, type Health } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';
import { type OpenService, type Service, services } from '../gate/services.ts';

async function withService(
  framework: string,
  health: Health,
  work: (service: Service) => Promise<void>,
): Promise<void> {
  const open = services[framework] as OpenService;
  await using service = await open([health], ({ answer }) => answer('a dish'));
  await work(service);
}

const statusOf = async (url: string, method = 'GET'): Promise<number> => {
  const response = await fetch(url, { method });
  await response.text();
  return response.status;
};

describe.each(Object.keys(services))('health in a service of %s', (framework) => {
  it('answers for the service through its whole life', async () => {
    const health = createHealth({ isStarting: true, version: '7', checks: { cache: async () => undefined } });
    await withService(framework, health, async ({ url }) => {
      const all = async (): Promise<number[]> =>
        Promise.all(
          ['/health/startup', '/health/live', '/health/ready', '/health'].map((path) => statusOf(url + path)),
        );
      expect(await all()).toEqual([503, 200, 503, 503]);
      health.started();
      expect(await all()).toEqual([200, 200, 200, 200]);
      health.drain();
      expect(await all()).toEqual([200, 200, 503, 503]);
    });
  });

  it('says it as JSON that nobody keeps, to those who read only', async () => {
    await withService(framework, createHealth({ checks: { a: async () => undefined } }), async ({ url }) => {
      const response = await fetch(`${url}/health/ready?from=balancer`);
      expect(response.headers.get('content-type')).toBe('application/json');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.json()).toEqual({ status: 'healthy', checks: { a: 'ok' } });
      expect(await statusOf(`${url}/health/ready`, 'HEAD')).toBe(200);
      expect(await statusOf(`${url}/health/ready`, 'POST')).toBe(405);
    });
  });

  it('leaves everything else to the service', async () => {
    await withService(framework, createHealth(), async ({ url }) => {
      expect(await (await fetch(`${url}/api/health/ready`)).text()).toBe('a dish');
    });
  });
});

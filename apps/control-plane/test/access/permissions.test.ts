import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { permissions, type Role, roles } from '../../src/access/index.ts';
import { type OperationName, operationNames, operations } from '../../src/contract/index.ts';
import { type Answer, type Plane, startPlane } from '../plane.ts';

let plane: Plane;

beforeAll(async () => {
  plane = await startPlane();
});

afterAll(async () => {
  await plane[Symbol.asyncDispose]();
});

/** With no body and unknown ids: who may ask gets another answer than who may not. */
function ask(name: OperationName, role: Role | undefined): Promise<Answer> {
  const { method, path } = operations[name];
  return plane.ask(role, method, path.replaceAll(/\{\w+\}/g, 'unknown'));
}

const leastRoles: Readonly<Record<Role, readonly Role[]>> = {
  reporter: ['reporter', 'operator', 'admin'],
  viewer: ['viewer', 'operator', 'admin'],
  operator: ['operator', 'admin'],
  admin: ['admin'],
};
const open = operationNames.filter((name) => permissions[name] === 'open');
const guarded = operationNames.filter((name) => permissions[name] !== 'open');

describe('the table of who may do what', () => {
  it('has every operation of the contract, and no other', () => {
    expect(Object.keys(permissions).toSorted()).toEqual([...operationNames].toSorted());
  });

  it('leaves health alone open, and the door through which one comes in', () => {
    expect(open.toSorted()).toEqual(['isAlive', 'isReady', 'openSession']);
  });

  it.each(guarded)('asks for a key before %s', async (name) => {
    const answer = await ask(name, undefined);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.json.code).toBe('CONTROL_PLANE_UNAUTHENTICATED');
  });

  it.each(guarded.flatMap((name) => roles.map((role) => [name, role] as const)))(
    'decides on %s for a %s',
    async (name, role) => {
      const needed = permissions[name];
      const least = needed === 'metrics' || needed === 'open' ? 'viewer' : needed;
      const may = leastRoles[least].includes(role);
      const { status } = await ask(name, role);
      expect(status === 403).toBe(!may);
      expect(status).not.toBe(401);
      expect(status).toBeLessThan(500);
    },
  );

  it('lets a reporter tell of instances and of metrics, and nothing else', () => {
    const told = operationNames.filter((name) => permissions[name] === 'reporter');
    expect(told.toSorted()).toEqual(
      [
        ...['beatInstance', 'registerInstance', 'remoteWriteMetrics', 'removeInstance'],
        ...['writeMetrics', 'writeMetricsText'],
      ].toSorted(),
    );
  });

  it('says which role it takes, and which there is', async () => {
    const answer = await plane.ask('reporter', 'GET', '/metrics');
    expect([answer.status, answer.json.detail]).toEqual([
      403,
      'This needs the role viewer; this key has the role reporter.',
    ]);
  });

  it('is asked before a body is read', async () => {
    const answer = await plane.ask('viewer', 'POST', '/performance/tests', { body: '{ broken' });
    expect(answer.status).toBe(403);
  });
});

describe('metrics', () => {
  it('are open to an address that is listed for them, and nothing else is', async () => {
    await using listed = await startPlane({ configuration: { metricsAddresses: ['127.0.0.1'] } });
    const metrics = await listed.ask(undefined, 'GET', '/metrics');
    expect(metrics.status).toBe(200);
    expect(metrics.text).toContain('loadline_tests{state="queued"} 0');
    expect((await listed.ask(undefined, 'GET', '/openapi.json')).status).toBe(401);
  });

  it.each([['x-forwarded-for'], ['forwarded'], ['via'], ['x-real-ip']])(
    'are closed to what a proxy of that address has handed on, which %s shows',
    async (name) => {
      await using listed = await startPlane({ configuration: { metricsAddresses: ['127.0.0.1'] } });
      const answer = await listed.ask(undefined, 'GET', '/metrics', { headers: { [name]: '127.0.0.1' } });
      expect(answer.status).toBe(401);
    },
  );

  it('are open, and closed, to the address that the proxy tells of which we know', async () => {
    const configuration = { metricsAddresses: ['10.0.0.7'], isBehindProxy: true };
    await using plane = await startPlane({ configuration });
    const from = async (address: string): Promise<number> => {
      const headers = { 'x-forwarded-for': address };
      return (await plane.ask(undefined, 'GET', '/metrics', { headers })).status;
    };
    expect([await from('10.0.0.7'), await from('10.0.0.7, 10.0.0.8')]).toEqual([200, 401]);
  });
});

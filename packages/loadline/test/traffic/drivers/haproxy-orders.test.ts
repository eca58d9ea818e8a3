import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVirtualClock } from 'loadline/base';
import { createHaproxyDriver, type ProxyDriver, type WantedUpstream } from 'loadline/traffic';
import { expect, it } from 'vitest';

const { signal } = new AbortController();
const wanted: readonly WantedUpstream[] = ['a', 'b'].map((id) => ({
  id,
  host: '10.0.0.1',
  port: 80,
  mode: 'serving',
}));
const nobody: Readonly<Record<string, string>> = {
  'show servers state service':
    '1\n# srv_name srv_addr srv_port srv_op_state srv_admin_state srv_uweight\n\n',
  'show stat service 4 -1': '# svname,scur,qcur,used_conn_cur,check_status,\n\n',
};

/** Something at a socket that answers orders, but is no HAProxy: it misbehaves as one might. Undefined: it never answers. */
async function withDriver(
  answer: (order: string) => string | undefined,
  work: (driver: ProxyDriver, orders: readonly string[]) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'loadline-orders-'));
  const orders: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined).setEncoding('utf8');
    socket.on('data', (text: string) => {
      const order = text.trim();
      orders.push(order);
      const said = answer(order);
      if (said !== undefined) socket.end(said);
    });
  });
  const socketPath = join(folder, 'socket');
  server.listen(socketPath);
  await once(server, 'listening');
  try {
    await work(createHaproxyDriver({ clock: createVirtualClock(), runtime: { socketPath } }), orders);
  } finally {
    server.close();
    await rm(folder, { recursive: true });
  }
}

it('what is refused for one keeps back no other, and is told', async () => {
  const answer = (order: string): string =>
    nobody[order] ?? (order.startsWith('add server service/a ') ? 'No room.\n\n' : '\n');
  await withDriver(answer, async (driver, orders) => {
    await expect(driver.apply(wanted, signal)).rejects.toMatchObject({
      code: 'TRAFFIC_PROXY_REFUSED',
      message: expect.stringMatching(/to "add server service\/a .*" it said "No room\."\.$/),
      facts: { refusals: [{ said: 'No room.' }] },
    });
    expect(orders.filter((order) => order.includes('service/a'))).toHaveLength(1);
    expect(orders.filter((order) => order.includes('service/b'))).toHaveLength(2);
  });
});

it('who may not give orders is told by which line of the configuration that is allowed', async () => {
  await withDriver(
    (order) => nobody[order] ?? 'Permission denied\n\n',
    async (driver) => {
      await expect(driver.apply(wanted, signal)).rejects.toMatchObject({
        message: expect.stringMatching(
          /Permission denied"\. Let its line `stats socket` end with `level admin`\.$/,
        ),
      });
    },
  );
});

it('an answer that breaks off is none', async () => {
  await withDriver(
    () => '1\n# srv_na',
    async (driver) => {
      await expect(driver.observe(signal)).rejects.toMatchObject({
        code: 'TRAFFIC_PROXY_UNREACHABLE',
        message: expect.stringContaining('it broke off'),
      });
    },
  );
});

it('an answer without an end is not kept in memory', async () => {
  await withDriver(
    () => 'x'.repeat(17 * 2 ** 20),
    async (driver) => {
      await expect(driver.observe(signal)).rejects.toMatchObject({
        message: expect.stringContaining('more than 16777216 bytes'),
      });
    },
  );
});

it('one that never answers is waited for until the signal', async () => {
  const giveUp = new AbortController();
  await withDriver(
    () => {
      giveUp.abort(new Error('enough'));
      return undefined;
    },
    async (driver) => {
      await expect(driver.observe(giveUp.signal)).rejects.toThrow('enough');
    },
  );
});

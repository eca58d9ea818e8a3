import { fileURLToPath } from 'node:url';
import { systemClock } from 'loadline/base';
import { createHttp1Transport, readLoadPlan, runLoad } from 'loadline/load';
import { expect, it } from 'vitest';
import { startStandIn } from '../stand-in/server.ts';

const file = fileURLToPath(new URL('../load/wedding.yaml', import.meta.url));

// On a crowded machine hardly anything is sent in two seconds, and not every kind of request.
it("the wedding day's requests are all answered by the stand-in, as the file expects", {
  retry: 3,
  timeout: 60_000,
}, async () => {
  const { server, port } = await startStandIn();
  try {
    const target = `http://127.0.0.1:${port}`;
    const plan = await readLoadPlan(file, { target, rate: '200', duration: '2s' });
    const transport = createHttp1Transport({
      target: new URL(target),
      address: '127.0.0.1',
      clock: systemClock,
    });
    const { endpoints } = await runLoad(plan, { transport });
    const seen = endpoints.map((row) => [row.requests > 0, row.errors, row.checks.failed]);
    expect(seen).toEqual(Array.from({ length: 10 }, () => [true, 0, 0]));
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

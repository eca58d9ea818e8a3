import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { createServer } from 'node:http';
import { observe } from 'loadline/observe';
import { topFunctions } from 'loadline/profiling';
if (process.argv[2] === 'client') {
  const port = Number(process.argv[3]);
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const get = () => new Promise<void>((res) => request({ port, host: '127.0.0.1', path: '/food/17', agent, headers: {'x-user':'ann'} }, (r) => { r.resume(); r.once('end', () => res()); }).end());
  let left = 30000;
  await Promise.all(Array.from({ length: 16 }, async () => { while (left-- > 0) await get(); }));
  agent.destroy(); process.exit();
}
const o = observe({});
const server = createServer(o.node((req: any, response: any) => { response.setHeader('content-type', 'application/json'); response.end(JSON.stringify({ id: req.url.slice(6), title: 'x' })); }, { routeOf: () => '/food/:id', userOf: (r) => r.headers['x-user'] as string }));
await new Promise<void>((r) => server.listen(0, '127.0.0.1', r));
const c = fork('./benchmarks/zz.ts', ['client', String((server.address() as any).port)]);
await new Promise((r) => setTimeout(r, 2500));
await o.profiler.start({ kind: 'cpu', samplingIntervalUs: 200 });
await once(c, 'exit');
const { id, overhead } = await o.profiler.stop();
const t = topFunctions((await o.profiler.profile(id)).profile, 400);
console.log(overhead, t.sum);
for (const f of t.functions.filter((f) => /loadline/.test(f.location)).slice(0, 25)) console.log((f.selfShare * 100).toFixed(2), (f.totalShare * 100).toFixed(2), f.name, f.location.split('/').slice(-2).join('/'));
console.log('--'); for (const f of t.functions.slice(0, 22)) console.log((f.selfShare * 100).toFixed(2), (f.totalShare * 100).toFixed(2), f.name, f.location.split('/').slice(-2).join('/'));
await o.close(); process.exit();

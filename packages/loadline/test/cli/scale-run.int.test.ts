import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from 'loadline/base';
import { runCli, type Terminal } from 'loadline/cli';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeApi } from '../kubernetes/fake-api.ts';
import { startFakeApiServer } from '../kubernetes/fake-api-server.ts';
import { ca } from '../load/transports/certificate.ts';
import { openKedaClient } from '../scaling/keda/keda-client.ts';
import { startFakePrometheus } from '../scaling/prometheus/fake-prometheus.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadline-scaler-'));
  await writeFile(join(folder, 'token'), 'token-1');
  await writeFile(join(folder, 'ca.crt'), ca);
});
afterAll(() => rm(folder, { recursive: true }));

interface Running {
  readonly said: () => string;
  stop(): Promise<number>;
}

/** The command, within this process, until it is stopped. */
function scaleRun(file: string, api: URL): Running {
  const words = ['--kubernetes-api', api.href, '--kubernetes-token-file', join(folder, 'token')];
  return runScale([file, ...words, '--kubernetes-ca-file', join(folder, 'ca.crt')]);
}

function runScale(words: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  let err = '';
  const stop = new AbortController();
  const terminal: Terminal = {
    out: () => undefined,
    err: (text) => {
      err += text;
    },
    isInteractive: false,
    width: 80,
    style: (_, text) => text,
  };
  const code = runCli(['scale', 'run', ...words], { terminal, env, signal: stop.signal });
  return {
    said: () => err,
    stop() {
      stop.abort(new Error('SIGTERM'));
      return code;
    },
  };
}

/** @param manner of the policy. */
async function fileOf(prometheus: string, further = '', manner = 'interval: 200ms'): Promise<string> {
  const file = join(folder, 'scaler.yaml');
  await writeFile(
    file,
    `prometheus: ${prometheus}
groups:
  api:
    workload: { name: api }
    queries: { cpuRatio: cpu }
    policy:
      ${manner}
      replicas: { min: 2, max: 8 }
      metrics: { cpuRatio: { target: 0.5, scaleOutCooldown: 0s } }
${further}`,
  );
  return file;
}

const startApi = (api: FakeApi) =>
  startFakeApiServer(api.pods, { token: 'token-1', namespaces: ['default'], api });

describe('loadline scale run', () => {
  it('scales a workload by what Prometheus says, one process at a time', { timeout: 60_000 }, async () => {
    const api = new FakeApi({ clock: systemClock, startMs: 100 });
    api.deploy('api', 2);
    await using prometheus = await startFakePrometheus();
    prometheus.answers.set('cpu', [0.5]);
    await using server = await startApi(api);
    const file = await fileOf(prometheus.url);
    const first = scaleRun(file, server.url);
    await expect.poll(() => first.said(), { timeout: 20_000 }).toContain('api is looked after.');
    const second = scaleRun(file, server.url);
    await expect
      .poll(() => second.said(), { timeout: 20_000 })
      .toMatch(/api is left alone: .+ is the one that acts\./);

    prometheus.answers.set('cpu', [0.9, 1.1]);
    await expect.poll(() => api.replicasOf('api'), { timeout: 20_000 }).toBeGreaterThan(3);
    await expect
      .poll(() => first.said(), { timeout: 20_000 })
      .toMatch(/Scale out api from 2 to 4: cpuRatio is 100 %/);
    expect(second.said()).not.toContain('Scale out');

    // Lost metrics take nothing away, and neither does the end of who acts.
    prometheus.instead = { status: 503, type: 'text/plain', body: 'no healthy upstream' };
    await expect
      .poll(() => first.said(), { timeout: 20_000 })
      .toMatch(
        /api sees nothing by cpuRatio: the source of the metrics failed: Prometheus at .* answered 503 to cpu, with text\/plain that is no JSON\./,
      );
    expect(first.said()).not.toContain('sees again');
    const before = api.replicasOf('api');
    expect(await first.stop()).toBe(0);
    await expect.poll(() => second.said(), { timeout: 20_000 }).toContain('api is looked after.');
    expect(api.replicasOf('api')).toBe(before);
    expect(await second.stop()).toBe(0);
    const lease = api.objects.get('/apis/coordination.k8s.io/v1/namespaces/default/leases/loadline-scaler');
    expect(lease.spec).toMatchObject({ leaseTransitions: 2 });
    expect(lease.spec).not.toHaveProperty('holderIdentity');
  });

  it('tells KEDA instead where the file says so, and changes nothing itself', async () => {
    const api = new FakeApi({ clock: systemClock, startMs: 100 });
    api.deploy('api', 3);
    await using prometheus = await startFakePrometheus();
    prometheus.answers.set('cpu', [1]);
    await using server = await startApi(api);
    const running = scaleRun(await fileOf(prometheus.url, 'keda: { port: 0 }\n'), server.url);
    await expect.poll(() => running.said(), { timeout: 20_000 }).toContain('Scale out api from 3 to 6');
    const port = Number(/KEDA may ask at 127\.0\.0\.1:(\d+)/.exec(running.said())?.[1]);
    await using client = openKedaClient(port);
    const ref = { name: 'api', namespace: 'default', scalerMetadata: { group: 'api' } };
    expect(
      await client.call('GetMetrics', { scaledObjectRef: ref, metricName: 'loadline-wanted-replicas' }),
    ).toMatchObject({ metricValues: [{ metricValueFloat: 6 }] });
    expect(api.replicasOf('api')).toBe(3);
    expect(await running.stop()).toBe(0);
  });

  it('says once what a policy that is only tried would do, and does nothing', async () => {
    const api = new FakeApi({ clock: systemClock, startMs: 100 });
    api.deploy('api', 2);
    await using prometheus = await startFakePrometheus();
    prometheus.answers.set('cpu', [1]);
    await using server = await startApi(api);
    const running = scaleRun(
      await fileOf(prometheus.url, '', 'interval: 200ms\n      mode: dry run'),
      server.url,
    );
    const said =
      'Scale out api from 2 to 4: cpuRatio is 100 %, above its target of 50 %. Not done: it is a dry run.';
    await expect.poll(() => running.said(), { timeout: 20_000 }).toContain(said);
    prometheus.answers.set('cpu', [2]);
    await expect.poll(() => running.said(), { timeout: 20_000 }).toContain('Scale out api from 2 to 8');
    expect(running.said().match(/Scale out api from 2 to 4/g)).toHaveLength(1);
    expect(api.replicasOf('api')).toBe(2);
    expect(await running.stop()).toBe(0);
  });

  it('says everything that is wrong with its file', async () => {
    const file = join(folder, 'wrong.yaml');
    await writeFile(
      file,
      'prometheus: ftp://x\nlaese: {}\ngroups:\n  api:\n    workload: {}\n    queries: {}\n    policy: { replicas: { min: 3, max: 2 }, metrics: { cpuRatio: { target: 0.5 } } }\n  web:\n    workload: { name: web }\n    queries: {}\n    policy: { replicas: { min: 1, max: 2 }, metrics: { cpuRatio: { target: 0.5 } } }\n',
    );
    const running = scaleRun(file, new URL('https://127.0.0.1:1'));
    expect(await running.stop()).toBe(2);
    for (const part of [
      'laese is not known; did you mean lease?',
      'prometheus must be an address like http://prometheus:9090, got "ftp://x"',
      'groups.api.workload.name must be a text, got nothing',
      'groups.api.policy.replicas.min must be at most max',
      'groups.web.queries must have one for cpuRatio, which the policy goes by',
    ])
      expect(running.said()).toContain(part);
  });

  it('says at once what it tried where the API server cannot be reached, and that it goes on', async () => {
    const api = new FakeApi({ clock: systemClock, startMs: 100 });
    const server = await startApi(api);
    await server[Symbol.asyncDispose]();
    const running = scaleRun(await fileOf('http://127.0.0.1:1', '', 'interval: 1h'), server.url);
    await expect
      .poll(() => running.said(), { timeout: 10_000 })
      .toMatch(
        /api is left alone: the lease could not be read or written: Cannot reach the API server at 127\.0\.0\.1:\d+: nobody listens there\. It is looked at again every 1 h\.\n/,
      );
    expect(running.said()).toContain(`Scales api by the API server at ${server.url.origin}.`);
    expect(running.said()).not.toContain('not looked at yet');
    expect(await running.stop()).toBe(0);
  });

  it('does not begin without what opens the API server, and says all of it at once', async () => {
    const [token, authority] = [join(folder, 'no-token'), join(folder, 'no-ca.crt')];
    const files = ['--kubernetes-token-file', token, '--kubernetes-ca-file', authority];
    const asked = runScale(['--kubernetes-api', 'http://10.96.0.1', ...files]);
    const [code, said] = [await asked.stop(), asked.said()];
    expect([code, said.split('; ')]).toEqual([
      2,
      [
        'CLI_USAGE: Cannot scale: one file is needed, as in `loadline scale run scaler.yaml`, got 0',
        '--kubernetes-api must be an address like https://10.96.0.1:443, or http:// on this machine, got "http://10.96.0.1"',
        `--kubernetes-token-file cannot be read: ${token}: there is no such file`,
        `--kubernetes-ca-file cannot be read: ${authority}: there is no such file.\n`,
      ],
    ]);
  });

  it('is told where the API server is where this is no pod, and asks as a pod where it is one', async () => {
    const file = await fileOf('http://127.0.0.1:1');
    const nowhere = runScale([file]);
    expect(await nowhere.stop()).toBe(2);
    expect(nowhere.said()).toMatch(
      /this is no pod of Kubernetes, so that --kubernetes-api is needed; `kubectl proxy`/,
    );
    const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' };
    const inPod = runScale([file, '--kubernetes-token-file', join(folder, 'token')], env);
    expect(await inPod.stop()).toBe(2);
    expect(inPod.said()).toMatch(
      /the token of this pod cannot be read: \/var\/run\/secrets\/.*\/token: there is no such file/,
    );
    expect(inPod.said()).toContain('--kubernetes-token-file is of use beside --kubernetes-api alone');
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatPath } from 'loadline/base';
import { describe, expect, it } from 'vitest';
import { parseServices, readServicesFile } from '../../src/scaling/index.ts';

const surroundings = { folder: '/srv', environment: { PATH: '/bin', DATABASE_URL: 'postgresql://db' } };

function read(services: unknown): ReturnType<typeof parseServices> {
  return parseServices({ services }, surroundings);
}

function problemsOf(services: unknown): readonly string[] {
  const parsed = read(services);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
}

const shop = { command: 'node', args: ['server.js'], policy: 'foodshare/api_servers' };

describe('a services file', () => {
  it('says how an instance is started, and how many there are to be', () => {
    const parsed = read({
      shop: {
        ...shop,
        env: { LOG: 'debug' },
        inherit: ['DATABASE_URL'],
        folder: 'shop',
        port: 'HTTP_PORT',
        ready: '/ready',
        replicas: { min: 2, max: 3 },
      },
    });
    expect(parsed).toMatchObject({
      ok: true,
      value: [
        {
          name: 'shop',
          command: {
            command: 'node',
            args: ['server.js'],
            cwd: '/srv/shop',
            portVariable: 'HTTP_PORT',
            readyPath: '/ready',
          },
          policy: { replicas: { min: 2, max: 3 }, scaleOut: { step: 1 } },
        },
      ],
    });
    if (!parsed.ok) return;
    expect(parsed.value[0]?.command.environment).toEqual({
      PATH: '/bin',
      DATABASE_URL: 'postgresql://db',
      LOG: 'debug',
    });
  });

  it('takes a policy as it is written elsewhere', () => {
    const policy = { replicas: { min: 1, max: 4 }, metrics: { cpuRatio: { scaleOutAbove: 0.7 } } };
    const parsed = read({ shop: { ...shop, policy } });
    expect(parsed).toMatchObject({ value: [{ policy: { metrics: { cpuRatio: { scaleOutAbove: 0.7 } } } }] });
  });

  it('is refused with everything that is wrong with it at once, each with its place', () => {
    const problems = problemsOf({
      '../shop': { args: 'server.js', port: '80', ready: 'health', policy: 'foodshare/api_server' },
      api: {
        command: 'node',
        comand: 'node',
        replicas: { min: 5, max: 2 },
        policy: { metrics: { cpuRatio: { scaleOutAbove: 70 } } },
      },
      worker: { command: 'node', policy: 7 },
    });
    const told = problems.join('\n');
    expect(told).toContain('services.../shop must have a name');
    expect(told).toContain('services.../shop.command must be a text, got nothing');
    expect(told).toContain('services.../shop.args must be a list');
    expect(told).toContain('services.../shop.port must be the name of a variable');
    expect(told).toContain('services.../shop.ready must begin with /');
    expect(told).toContain('did you mean foodshare/api_servers?');
    expect(told).toContain('services.api.comand is not known; did you mean command?');
    expect(told).toContain('services.api.replicas.min must be at most max, got 5 above 2');
    expect(told).toContain('services.api.policy.metrics.cpuRatio.scaleOutAbove must be');
    expect(told).toContain('services.worker.policy must be a policy, or the name of a preset');
  });

  it('says where a proxy takes the requests of a service', () => {
    const places = [8080, '8080', '0.0.0.0:8080', '[::1]:8080'].map((listen) =>
      read({ shop: { ...shop, listen } }),
    );
    expect(places.map((parsed) => parsed.ok && parsed.value[0]?.listen)).toEqual([
      { host: '127.0.0.1', port: 8080 },
      { host: '127.0.0.1', port: 8080 },
      { host: '0.0.0.0', port: 8080 },
      { host: '::1', port: 8080 },
    ]);
    const wrong = ['shop', 0, 70_000, '1.2.3:80', 'localhost:80'];
    for (const listen of wrong)
      expect(problemsOf({ shop: { ...shop, listen } })).toEqual([
        expect.stringMatching(/^services\.shop\.listen must be a port, or an address of this machine/),
      ]);
    expect(problemsOf({ shop: { ...shop, listen: 80 }, api: { ...shop, listen: '127.0.0.1:80' } })).toEqual([
      'services.api.listen must be a place of its own, and shop has it',
    ]);
  });

  it('says how long a request of the service has at that proxy', () => {
    expect(read({ shop: { ...shop, listen: 8080, deadline: '1.5s' } })).toMatchObject({
      value: [{ listen: { port: 8080 }, deadlineMs: 1500 }],
    });
    expect(read({ shop: { ...shop, listen: 8080, deadline: '1us' } })).toMatchObject({
      value: [{ deadlineMs: 1 }],
    });
    const untimed = read({ shop: { ...shop, listen: 8080 } });
    expect(untimed.ok && untimed.value[0]).not.toHaveProperty('deadlineMs');
    for (const deadline of [10, '10', 'soon', '-1s'])
      expect(problemsOf({ shop: { ...shop, listen: 8080, deadline } })).toEqual([
        expect.stringMatching(/^services\.shop\.deadline must be a duration with a unit/),
      ]);
    expect(problemsOf({ shop: { ...shop, listen: 8080, deadline: '0s' } })).toEqual([
      expect.stringMatching(/^services\.shop\.deadline must be longer than 0ms/),
    ]);
    expect(problemsOf({ shop: { ...shop, listen: 8080, deadline: '2h' } })).toEqual([
      expect.stringMatching(/^services\.shop\.deadline must be at most 1h, got "2h"$/),
    ]);
    const haproxy = { socket: 'admin.sock' };
    expect(problemsOf({ shop: { ...shop, haproxy, deadline: '1s' } })).toEqual([
      'services.shop.deadline needs listen beside it: HAProxy and nginx have time limits of their own',
    ]);
  });

  it('says for how long a new instance gets less than its whole share', () => {
    const haproxy = { socket: 'admin.sock' };
    expect(read({ shop: { ...shop, listen: 8080, slowStart: '30s' } })).toMatchObject({
      value: [{ listen: { port: 8080 }, slowStartMs: 30_000 }],
    });
    expect(read({ shop: { ...shop, haproxy, slowStart: '0s' } })).toMatchObject({
      value: [{ haproxy: { backend: 'service' }, slowStartMs: 0 }],
    });
    const atOnce = read({ shop: { ...shop, listen: 8080 } });
    expect(atOnce.ok && atOnce.value[0]).not.toHaveProperty('slowStartMs');
    const nginx = { folder: 'nginx', controlPort: 8082, listen: 8080 };
    expect(problemsOf({ shop: { ...shop, nginx, slowStart: '1s' } })).toEqual([
      'services.shop.slowStart needs listen or haproxy beside it: nginx gives a new instance its whole share',
    ]);
    expect(problemsOf({ shop: { ...shop, listen: 8080, slowStart: 30 } })).toEqual([
      expect.stringMatching(/^services\.shop\.slowStart must be a duration with a unit/),
    ]);
    expect(problemsOf({ shop: { ...shop, listen: 8080, slowStart: '2h' } })).toEqual([
      'services.shop.slowStart must be at most 1h, got "2h"',
    ]);
  });

  it('says how many requests an instance gets at once, and how long more of them wait', () => {
    const haproxy = { socket: 'admin.sock' };
    expect(read({ shop: { ...shop, listen: 8080, requestsMax: 50, queueTimeout: '10s' } })).toMatchObject({
      value: [{ requestsMax: 50, queueTimeoutMs: 10_000 }],
    });
    expect(read({ shop: { ...shop, haproxy, requestsMax: 50 } })).toMatchObject({
      value: [{ requestsMax: 50 }],
    });
    const nginx = { folder: 'nginx', controlPort: 8082, listen: 8080 };
    expect(problemsOf({ shop: { ...shop, nginx, requestsMax: 50 } })).toEqual([
      'services.shop.requestsMax needs listen or haproxy beside it: in nginx no request waits for its turn',
    ]);
    expect(problemsOf({ shop: { ...shop, listen: 8080, requestsMax: 0.5, queueTimeout: '0s' } })).toEqual([
      expect.stringMatching(/^services\.shop\.requestsMax must be/),
      expect.stringMatching(/^services\.shop\.queueTimeout must be longer than 0ms/),
    ]);
    for (const without of [{ listen: 8080 }, { haproxy, requestsMax: 50 }])
      expect(problemsOf({ shop: { ...shop, ...without, queueTimeout: '5s' } })).toEqual([
        'services.shop.queueTimeout needs listen and requestsMax beside it: without them nobody waits, and HAProxy has its own',
      ]);
  });

  it('says whether clients of that proxy are believed', () => {
    expect(read({ shop: { ...shop, listen: 8080, trustsForwarded: true } })).toMatchObject({
      value: [{ listen: { port: 8080 }, trustsForwarded: true }],
    });
    const doubting = read({ shop: { ...shop, listen: 8080 } });
    expect(doubting.ok && doubting.value[0]).not.toHaveProperty('trustsForwarded');
    for (const trustsForwarded of ['true', 1, ['10.0.0.1']])
      expect(problemsOf({ shop: { ...shop, listen: 8080, trustsForwarded } })).toEqual([
        expect.stringMatching(/^services\.shop\.trustsForwarded must be true or false/),
      ]);
    const nginx = { folder: 'nginx', controlPort: 8082, listen: 8080 };
    expect(problemsOf({ shop: { ...shop, nginx, trustsForwarded: true } })).toEqual([
      'services.shop.trustsForwarded needs listen beside it: nginx has its own, and HAProxy its configuration',
    ]);
  });

  it('says which HAProxy is to be kept in step', () => {
    const places = [{ socket: 'admin.sock' }, { socket: '/run/admin.sock', backend: 'shop' }];
    expect(places.map((haproxy) => read({ shop: { ...shop, haproxy } }))).toMatchObject([
      { value: [{ haproxy: { socketPath: '/srv/admin.sock', backend: 'service' } }] },
      { value: [{ haproxy: { socketPath: '/run/admin.sock', backend: 'shop' } }] },
    ]);
    expect(problemsOf({ shop: { ...shop, haproxy: { backend: 'a b' } } })).toEqual([
      expect.stringMatching(/^services\.shop\.haproxy\.backend must be of letters/),
      expect.stringMatching(/^services\.shop\.haproxy\.socket must be a text/),
    ]);
  });

  it('says which nginx is written for', () => {
    const nginx = { folder: 'nginx', controlPort: 8082, listen: 8080 };
    expect(read({ shop: { ...shop, nginx } })).toMatchObject({
      value: [{ nginx: { folder: '/srv/nginx', controlPort: 8082, listen: ['127.0.0.1:8080'] } }],
    });
    const further = { listen: ['0.0.0.0:443', '[::1]:443'], user: 'www-data', trustsForwarded: true };
    expect(
      read({ shop: { ...shop, nginx: { ...nginx, ...further, certificate: 'tls.pem' } } }),
    ).toMatchObject({
      value: [{ nginx: { ...further, certificatePath: '/srv/tls.pem' } }],
    });
    const { listen: _, ...nowhere } = nginx;
    expect(problemsOf({ shop: { ...shop, nginx: nowhere } })).toEqual([
      expect.stringMatching(/^services\.shop\.nginx\.listen must be a port, .*, got nothing$/),
    ]);
    const wrong = { folder: 'n;x', listen: [], user: 'a b', certificate: 'a b', workers: 2 };
    expect(problemsOf({ shop: { ...shop, nginx: wrong } })).toEqual([
      expect.stringMatching(/^services\.shop\.nginx\.workers is not known/),
      expect.stringMatching(/^services\.shop\.nginx\.listen must not be empty/),
      expect.stringMatching(/^services\.shop\.nginx\.controlPort must be a (whole )?number/),
      expect.stringMatching(/^services\.shop\.nginx\.folder must be a plain path/),
      expect.stringMatching(/^services\.shop\.nginx\.certificate must be a plain path/),
      expect.stringMatching(/^services\.shop\.nginx\.user must be a plain name/),
    ]);
  });

  it('lets no two services have one proxy', () => {
    const haproxy = { socket: 'admin.sock' };
    const nginx = { folder: 'nginx', controlPort: 8082, listen: 8080 };
    const both = { ...shop, haproxy, nginx };
    expect(problemsOf({ shop: both, api: { ...both, listen: 8082 } })).toEqual([
      'services.api.listen must be a place of its own, and shop has it',
      'services.api.haproxy.backend must be a backend of its own, and shop has it',
      'services.api.nginx.listen must be a place of its own, and shop has it',
      'services.api.nginx.folder must be a folder of its own, and shop has it',
      'services.api.nginx.controlPort must be a port of its own, and shop has it',
    ]);
  });

  it('says what one instance may have of the machine', () => {
    const otherwise = { variable: 'REQUESTS_MAX', requestsAtOnce: 4 };
    for (const quota of [{ cores: 0.25 }, { cores: 0.25, startCores: 2 }, { cores: 2, otherwise }])
      expect(read({ shop: { ...shop, quota } })).toMatchObject({ value: [{ command: { quota } }] });
    const wrong = { cores: 0, otherwise: { variable: 'A B', requestsAtOnce: 0.5 }, memory: 1 };
    expect(problemsOf({ shop: { ...shop, quota: wrong } })).toEqual([
      expect.stringMatching(/^services\.shop\.quota\.memory is not known/),
      expect.stringMatching(/^services\.shop\.quota\.cores must be a number at least 0\.01/),
      expect.stringMatching(/^services\.shop\.quota\.otherwise\.requestsAtOnce must be/),
      expect.stringMatching(/^services\.shop\.quota\.otherwise\.variable must be the name of a variable/),
    ]);
  });

  it('says which build is to come, and how: what that does not say is as it is', () => {
    const wanted = {
      ...shop,
      listen: 8080,
      version: '1.0',
      env: { LOG: 'debug', SIZE: '1' },
      hangAfter: '20s',
      drainGrace: '5s',
      candidate: { version: '1.1', args: ['next.js'], env: { LOG: 'info' } },
      rollout: { blueGreen: { keep: '1m' } },
    };
    expect(read({ shop: wanted })).toMatchObject({
      ok: true,
      value: [
        {
          version: '1.0',
          command: { args: ['server.js'], environment: { LOG: 'debug', SIZE: '1' } },
          candidate: {
            version: '1.1',
            command: {
              command: 'node',
              args: ['next.js'],
              environment: { PATH: '/bin', LOG: 'info' },
              cwd: '/srv',
              hangAfterMs: 20_000,
              drainGraceMs: 5000,
            },
          },
          rollout: { blueGreen: { keep: '1m' } },
        },
      ],
    });
    const parsed = read({ shop: wanted });
    const environment = parsed.ok ? parsed.value[0]?.candidate?.command.environment : {};
    expect(environment).not.toHaveProperty('SIZE');
  });

  it('tells every mistake of a build that is to come', () => {
    const alone = { ...shop, candidate: { version: '1.1' } };
    const twice = {
      ...shop,
      listen: 8080,
      version: '1.0',
      candidate: { version: '1.0', args: 'x', polic: 1 },
    };
    const numbered = {
      ...shop,
      listen: 8081,
      version: 1.0,
      rollout: { canary: { steps: [] }, settle: 'soon' },
    };
    const long = { ...shop, listen: 8082, version: '1', candidate: { version: '2' } };
    const name = 'a'.repeat(51);
    expect(
      problemsOf({
        alone,
        twice,
        numbered,
        [name]: long,
        shop: { ...long, listen: 8083 },
        'shop.green': shop,
      }),
    ).toEqual([
      'services.alone must have a version beside its candidate',
      'services.alone.candidate needs a proxy that gives it its share: listen, haproxy or nginx',
      expect.stringMatching(/^services\.twice\.candidate\.polic is not known/),
      expect.stringMatching(/^services\.twice\.candidate\.args must be a list/),
      'services.twice.candidate.version must be another than that of the service, 1.0',
      expect.stringMatching(/^services\.numbered\.version must be a text, got 1; in quotes it is one$/),
      expect.stringMatching(/^services\.numbered\.rollout\.canary\.steps must not be empty/),
      expect.stringMatching(/^services\.numbered\.rollout\.settle must be a duration/),
      `services.${name}.candidate needs a service with a name of at most 50, got 51`,
      'services.shop.candidate needs the name shop.green, and a service has it',
    ]);
  });

  it('leaves the name of its second build to a service behind a proxy, also before it has one', () => {
    expect(problemsOf({ shop: { ...shop, listen: 8080 }, 'shop.green': shop })).toEqual([
      'services.shop needs the name shop.green, and a service has it',
    ]);
    expect(problemsOf({ shop, 'shop.green': shop })).toEqual([]);
  });

  it('is read as YAML, with the line of what cannot be read', () => {
    const folder = mkdtempSync(join(tmpdir(), 'loadline-services-'));
    const path = join(folder, 'services.yaml');
    try {
      writeFileSync(path, 'services:\n  shop:\n    command: node\n    policy: foodshare/api_servers\n');
      const read = readServicesFile(path, {});
      expect(read).toMatchObject({ ok: true, services: [{ name: 'shop', command: { cwd: folder } }] });
      writeFileSync(path, 'services:\n  shop: {\n');
      expect(readServicesFile(path, {})).toMatchObject({
        ok: false,
        problems: [expect.stringMatching(/^line 3: /)],
      });
      writeFileSync(
        path,
        'services:\n  shop:\n    policy: fast/service\n      interval: 1s\n      x: { y: 1 }\n',
      );
      expect(readServicesFile(path, {})).toEqual({
        ok: false,
        problems: ['line 3: a value stands here, and keys beside it or below it: one of the two has to go'],
      });
      writeFileSync(
        path,
        'services:\n  shop:\n    policy: fast/service\n    quotas: 1\n    policy: fast/services\n',
      );
      expect(readServicesFile(path, {})).toEqual({
        ok: false,
        problems: [
          expect.stringMatching(/^line 2, services\.shop\.command must be a text/),
          expect.stringMatching(/^line 4, services\.shop\.quotas is not known; did you mean quota\?/),
          'line 5: policy stands twice in its map',
          expect.stringMatching(/^line 5, services\.shop\.policy must be one of/),
        ],
      });
      writeFileSync(path, 'services:\n  shop: *nobody\n');
      expect(readServicesFile(path, {})).toMatchObject({
        ok: false,
        problems: [expect.stringContaining('nobody')],
      });
      const missing = readServicesFile(join(folder, 'none.yaml'), {});
      expect(missing).toEqual({ ok: false, problems: ['there is no such file'] });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';
import {
  readRegionPlan,
  writeHaproxyConfiguration,
  writeNginxConfiguration,
  writeRegionConfiguration,
} from 'loadline/traffic';
import { expect, it } from 'vitest';
import { root } from '../../checkout.ts';

const options = { runtime: { socketPath: '/run/haproxy/loadline.sock' }, slowStartMs: 10_000 };
const listen = ['*:8080'];
const plan = readRegionPlan({
  regions: {
    eu: { host: '10.1.0.1', port: 8080, fullAt: 4000 },
    us: { host: '10.2.0.1', port: 8080, fullAt: 4000 },
    ap: { host: '10.3.0.1', port: 8080, fullAt: 2000 },
  },
  areas: { de: [['eu'], ['us']], us: [['us'], ['eu']], jp: [['ap'], ['us']] },
});

/** What stands in `deploy/`, and what writes it. */
const written: Readonly<Record<string, string>> = {
  'haproxy/haproxy.cfg': writeHaproxyConfiguration({
    ...options,
    file: { path: '/etc/haproxy/haproxy.cfg', listen },
  }),
  'haproxy/regions.cfg': writeRegionConfiguration(plan, {
    ...options,
    origin: { header: 'x-country' },
    file: { listen },
  }),
  'nginx/nginx.conf': writeNginxConfiguration({
    folder: '/var/lib/loadline/nginx',
    controlPort: 8082,
    listen: ['8080'],
  }),
};

it.each(Object.keys(written))('deploy/%s is what is written now', async (path) => {
  expect(await readFile(`${root}deploy/${path}`, 'utf8')).toBe(written[path]);
});

it.each(['haproxy.cfg', 'regions.cfg'])('HAProxy takes deploy/haproxy/%s', async (name) => {
  const env = { ...process.env, PATH: [process.env.PATH, '/usr/sbin'].join(delimiter) };
  await promisify(execFile)('haproxy', ['-c', '-f', `${root}deploy/haproxy/${name}`], { env });
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readRegionPlan, writeRegionConfiguration } from 'loadline/traffic';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type RunHere, runHere } from './run-here.ts';

const written = {
  regions: { eu: { host: '10.1.0.1', port: 443 }, us: { host: '10.2.0.1', port: 443 } },
  areas: { de: [['eu'], ['us']] },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loadline-regions-'));
  const files = {
    'regions.json': JSON.stringify(written),
    'wrong.yaml':
      'regions: { eu: { hots: 10.1.0.1, host: 10.1.0.1, port: 0 } }\nareas: { de: [[eu], [su]] }\n',
    'named.yaml': 'regions: { eu: { host: eu.example.test, port: 443 } }\n',
    'slip.yaml': 'regions: [}\n',
  };
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)));
});
afterAll(() => rm(folder, { recursive: true }));

/** A name of a file stands for the one in the folder. */
async function regions(...args: readonly string[]): Promise<RunHere> {
  const words = args.map((word) => (/\.(?:yaml|json|cfg)$/.test(word) ? join(folder, word) : word));
  const { code, out, err } = await runHere('regions', ...words);
  return { code, out, err: err.replaceAll(join(folder, '/'), '') };
}

const byCountry = ['--listen', '*:8080', '--header', 'x-country'];

describe('loadline regions', () => {
  it('writes the configuration of a HAProxy before the regions', async () => {
    const further = ['--socket', '/run/h.sock', '--check', '/up', '--slow-start', '30s'];
    const guarded = ['--certificate', '/etc/api.pem', '--trusts-forwarded'];
    expect(
      await regions('regions.json', ...byCountry, '--listen', '[::]:8080', ...further, ...guarded),
    ).toEqual({
      code: 0,
      out: writeRegionConfiguration(readRegionPlan(written), {
        origin: { header: 'x-country' },
        runtime: { socketPath: '/run/h.sock' },
        healthCheck: { path: '/up' },
        slowStartMs: 30_000,
        file: {
          listen: ['*:8080', '[::]:8080'],
          certificatePath: '/etc/api.pem',
          trustsForwarded: true,
        },
      }),
      err: '',
    });
  });

  it('has clients known by their addresses instead', async () => {
    const { out } = await regions('regions.json', '--listen', '*:8080', '--networks', '/etc/areas.map');
    expect(out).toContain('src,map_ip(/etc/areas.map,elsewhere)');
  });

  it('writes records for DNS', async () => {
    const { code, out, err } = await regions(
      ...['regions.json', '--as', 'dns', '--name', 'api.example.test', '--policy', 'failover', '--ttl', '2m'],
    );
    expect([code, err]).toEqual([0, '']);
    expect(parse(out)).toMatchObject({
      kind: 'DNSEndpoint',
      spec: {
        endpoints: [
          { dnsName: 'api.example.test', setIdentifier: 'eu', recordTTL: 120 },
          { setIdentifier: 'us', recordTTL: 120 },
        ],
      },
    });
  });

  it('writes over no file, unless that is wanted', async () => {
    const words = ['regions.json', ...byCountry, '--out', 'regions.cfg'];
    expect(await regions(...words)).toEqual({ code: 0, out: '', err: 'The regions are in regions.cfg.\n' });
    expect(await regions(...words)).toMatchObject({
      code: 2,
      err: expect.stringContaining('--force replaces it'),
    });
    expect(await regions(...words, '--listen', '*:8081', '--force')).toMatchObject({ code: 0 });
    expect(await readFile(join(folder, 'regions.cfg'), 'utf8')).toContain('bind *:8081');
  });

  it.each([
    [
      ['wrong.yaml', ...byCountry],
      /^TRAFFIC_OPTIONS_INVALID: Cannot write the regions of wrong\.yaml: it has 3 problems\.\n {2}line 1, regions\.eu\.hots is not known; did you mean host\?\n {2}line 1, regions\.eu\.port .*\n {2}line 2, areas\.de\[1\]\[0\] must be one of eu/,
    ],
    [['named.yaml', ...byCountry], /regions\.eu\.host must be an IP address for HAProxy/],
    [['slip.yaml', ...byCountry], /^TRAFFIC_OPTIONS_INVALID: Cannot write the regions of slip\.yaml/],
    [['none.yaml', ...byCountry], /^CLI_USAGE: Cannot read none\.yaml: there is no such file\.\n$/],
    [
      ['regions.json', '--slow-start', '5'],
      /^CLI_USAGE: Cannot write regions: it has 3 problems\.\n {2}--listen .*\n {2}either --header or --networks .*, got neither\n {2}--slow-start .*, got "5"\n/,
    ],
    [
      ['regions.json', ...byCountry, '--networks', '/etc/areas.map'],
      /either --header or --networks must .*, got both\.\n$/,
    ],
    [
      ['regions.json', '--listen', '8080', '--header', 'x y', '--check', 'up'],
      /3 problems\.\n {2}--check must be .*\n {2}--listen must be .*\*:8080, got "8080"\n {2}--header must be/,
    ],
    [
      ['regions.json', '--as', 'dns', '--policy', 'weigthed', '--ttl', 'x'],
      /3 problems\.\n {2}--name .*\n {2}--policy .* did you mean weighted\?\n {2}--ttl .*, got "x"\n/,
    ],
    [
      ['regions.json', '--as', 'dns', '--name', 'api.example.test', '--policy', 'geo', '--ttl', '500ms'],
      /--ttl must be a whole number/,
    ],
    [
      ['regions.json', '--as', 'dns', '--name', 'api', '--policy', 'weighted'],
      /TRAFFIC_OPTIONS_INVALID: .*--name must be a name in DNS, like api\.example\.test, got "api"/,
    ],
    [
      ['regions.json', '--as', 'dns', '--policy', 'geo', '--listen', '*:8080', '--slow-start', '5s'],
      /3 problems\.\n {2}--listen belongs to --as haproxy\n {2}--slow-start belongs to --as haproxy\n {2}--name must/,
    ],
    [['regions.json', ...byCountry, '--ttl', '60s'], /: --ttl belongs to --as dns\.\n$/],
    [['regions.json', '--as', 'dsn'], /--as must be one of haproxy, dns, got "dsn"; did you mean dns\?\n$/],
    [byCountry, /one file is needed, got 0/],
    [['regions.json', '--lisen', '*:8080'], /Did you mean --listen\?/],
  ])('refuses %j', async (args, said) => {
    const { code, out, err } = await regions(...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(said);
  });
});

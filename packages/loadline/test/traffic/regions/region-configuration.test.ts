import { readRegionPlan, writeRegionConfiguration } from 'loadline/traffic';
import { describe, expect, it } from 'vitest';

const plan = readRegionPlan({ regions: { eu: { host: '10.1.0.1', port: 443 } } });
const options = {
  runtime: { socketPath: '/run/haproxy/loadline.sock' },
  origin: { header: 'x-country' },
  file: { listen: ['*:8080'] },
};

/** What is told of options that plain JavaScript hands in, each problem with its path. */
function problemsOf(given: object, of = plan): string[] {
  try {
    writeRegionConfiguration(of, given as typeof options);
  } catch (error) {
    const { code, facts } = error as {
      code: string;
      facts: { problems: { path: unknown[]; message: string }[] };
    };
    expect(code).toBe('TRAFFIC_OPTIONS_INVALID');
    return facts.problems.map(({ path, message }) => `${path.join('.')} ${message}`);
  }
  return [];
}

describe('writeRegionConfiguration()', () => {
  it('tells all that is missing at once', () => {
    const named = readRegionPlan({ regions: { eu: { host: 'eu.example.test', port: 443 } } });
    expect(problemsOf({}, named)).toEqual([
      'regions.eu.host must be an IP address for HAProxy, got eu.example.test',
      'runtime must say where HAProxy takes orders: either by socketPath, or by host and port',
      'file.listen must be a list, got nothing',
      'origin must say where clients come from: either by header, or by networksPath',
    ]);
  });

  it.each([
    { heder: 'x-country' },
    { header: 'x country' },
    { networksPath: 'a b' },
    { header: 'x-country', networksPath: '/etc/haproxy/networks.map' },
  ])('refuses %o for where clients come from', (origin) => {
    expect(problemsOf({ ...options, origin })).toContainEqual(expect.stringMatching(/^origin/));
  });

  it.each([
    { socketPath: '/run/haproxy.sock', host: '127.0.0.1', port: 9999 },
    { socketpath: '/run/haproxy.sock' },
    '/run/haproxy.sock',
  ])('says how HAProxy is given orders, where it is told %o', (runtime) => {
    expect(problemsOf({ ...options, runtime })).toContain(
      'runtime must say where HAProxy takes orders: either by socketPath, or by host and port',
    );
  });

  it('refuses options that it does not know, at every level, and asks whether another was meant', () => {
    const misspelt = {
      ...options,
      slowStartMS: 10_000,
      backend: 'regions',
      runtime: { ...options.runtime, prot: 9999 },
      healthCheck: { intervallMs: 100 },
      file: { ...options.file, path: '/etc/haproxy/haproxy.cfg', conectTimeoutMs: 100 },
      origin: { ...options.origin, headers: 'x-country' },
    };
    expect(problemsOf(misspelt)).toEqual([
      'slowStartMS is not known; did you mean slowStartMs?',
      'backend is not known; known here: runtime, healthCheck, slowStartMs, requestsMax, file, origin',
      'runtime.prot is not known; did you mean port?',
      'healthCheck.intervallMs is not known; did you mean intervalMs?',
      expect.stringMatching(/^file\.path is not known; known here: listen, /),
      'file.conectTimeoutMs is not known; did you mean connectTimeoutMs?',
      'origin.headers is not known; did you mean header?',
    ]);
  });
});

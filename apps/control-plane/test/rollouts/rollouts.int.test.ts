import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { startHaproxy } from '../../../../packages/loadline/test/traffic/drivers/haproxy-server.ts';
import { freePort } from '../free-port.ts';
import { manyStartsMs, type Served, startServe } from '../served.ts';

const home = mkdtempSync(join(tmpdir(), 'loadline-rollouts-'));
const script = fileURLToPath(new URL('./built-service.mjs', import.meta.url));
const file = join(home, 'services.json');
const args = ['--home', home, '--services', file];
const env = { LOADLINE_OBSERVE_KEY: 'a-key-for-the-doors' };
const served: Served[] = [];

afterAll(async () => {
  for (const each of served) await each.stop('SIGTERM');
  rmSync(home, { recursive: true, force: true });
});

async function serve(key?: string): Promise<Served> {
  const plane = await startServe(args, { env, ...(key === undefined ? {} : { key }) });
  served.push(plane);
  return plane;
}

const build = (version: string, takesMs: number, failsRatio = 0) => ({
  version,
  env: { BUILD: version, TAKES_MS: String(takesMs), FAILS_RATIO: String(failsRatio) },
});

/**
 * 1.0 takes 20 ms; the candidate is as it is told.
 *
 * @param watchAtMost then it goes on without a judgement.
 */
function service(port: number, candidate: object, watchAtMost: string, further: object = {}) {
  return {
    command: process.execPath,
    args: ['--conditions=loadline-source', script],
    inherit: ['LOADLINE_OBSERVE_KEY'],
    ...build('1.0', 20),
    listen: port,
    policy: { replicas: { min: 1, max: 2 }, metrics: { cpuRatio: { scaleOutAbove: 0.9 } } },
    candidate,
    rollout: {
      canary: { steps: [{ share: 0.5, watch: '3s', watchAtMost, requests: 100 }], keep: '2s' },
      settle: '1s',
      whenInconclusive: 'go on',
      judge: { margin: 0.15, block: '1s', blockRequests: 20 },
      // Time is short here, and the machine busy: what judges is under test, and not the guard.
      guard: { latencyTimes: 20 },
    },
    ...further,
  };
}

/** What was answered: which build, with which status, when. */
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly atMs: number;
}

function ask(port: number, agent: Agent): Promise<Answer> {
  return new Promise((resolve) => {
    const done = (status: number, text: string): void => resolve({ status, text, atMs: performance.now() });
    const asked = request({ port, host: '127.0.0.1', agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => done(response.statusCode ?? 0, text));
      response.on('error', (error) => done(0, error.message));
    });
    asked.on('error', (error) => done(0, error.message));
    asked.end();
  });
}

/** Asks from four connections, without a pause, until it is stopped. */
function load(port: number): { stop(): Promise<readonly Answer[]> } {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const answers: Answer[] = [];
  let isOver = false;
  const users = Array.from({ length: 4 }, async () => {
    while (!isOver) answers.push(await ask(port, agent));
  });
  return {
    async stop() {
      isOver = true;
      await Promise.all(users);
      agent.destroy();
      return answers;
    },
  };
}

/** Neither an answer of 1.0 nor one of the candidate, its own failures included. */
const lostOf = (answers: readonly Answer[]): readonly Answer[] =>
  answers.filter(({ status, text }) => {
    if (text === '1.0') return status !== 200;
    return text !== '1.1' || ![200, 500].includes(status);
  });

async function until<Value>(look: () => Promise<Value>, isSo: (value: Value) => boolean): Promise<Value> {
  const givingUp = AbortSignal.timeout(neverMs);
  for (;;) {
    const value = await look();
    if (isSo(value)) return value;
    if (givingUp.aborted) throw new Error(`It stays ${JSON.stringify(value)}.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Nothing that is waited for takes so long, unless it never comes. */
const neverMs = 60_000;

interface Rollout {
  readonly phase: string;
  readonly share: number;
  readonly reason: string;
}

async function rolloutOf(plane: Served, name: string): Promise<Rollout> {
  return (await (await plane.ask('GET', `/performance/rollouts/${name}-1.1`)).json()) as Rollout;
}

describe('rollouts of real processes', { timeout: manyStartsMs }, () => {
  it('promote a build that is the same, and turn back one that is slower and one that fails', async () => {
    await using haproxy = await startHaproxy();
    const names = ['same', 'slower', 'failing'] as const;
    const ports = { same: await freePort(), slower: await freePort(), failing: await freePort() };
    const behind = { haproxy: { socket: haproxy.options.runtime.socketPath } };
    const services = {
      same: service(ports.same, build('1.1', 20), '10s', behind),
      slower: service(ports.slower, build('1.1', 26), '10m'),
      failing: service(ports.failing, build('1.1', 20, 0.5), '10m'),
    };
    writeFileSync(file, JSON.stringify({ services }));
    const first = await serve();
    const agent = new Agent();
    for (const name of names)
      await until(
        () => ask(ports[name], agent),
        ({ status }) => status === 200,
      );
    const doors = { ...ports, haproxy: Number(new URL(haproxy.url).port) };
    await until(
      () => ask(doors.haproxy, agent),
      ({ status }) => status === 200,
    );
    const loads = Object.entries(doors).map(([name, port]) => [name, load(port)] as const);
    for (const name of names) {
      const body = { service: name, candidate: '1.1' };
      expect((await first.ask('POST', '/performance/rollouts', { body })).status).toBe(201);
    }

    await until(
      () => rolloutOf(first, 'same'),
      ({ phase, share }) => phase === 'watching' && share === 0.5,
    );
    const failing = await until(
      () => rolloutOf(first, 'failing'),
      ({ phase }) => phase === 'rolled back',
    );
    expect(failing.reason).toMatch(/failed: \d+ of \d+|has found all of its instances unfit/);
    // Nothing changes for whoever is served while nobody is there to change it, and the next one goes on.
    await first.stop('SIGKILL');
    const second = await serve(first.firstKey);
    const same = await until(
      () => rolloutOf(second, 'same'),
      ({ phase }) => /promoted|rolled back/.test(phase),
    );
    expect(same).toMatchObject({ phase: 'promoted', share: 1 });
    const slower = await until(
      () => rolloutOf(second, 'slower'),
      ({ phase }) => phase === 'rolled back',
    );
    expect(slower.reason).toMatch(/It is worse: latency (mean|p50|p95) \+\d/);

    const answers = new Map<string, readonly Answer[]>();
    for (const [name, each] of loads) answers.set(name, await each.stop());
    for (const [name, all] of answers) expect(lostOf(all), name).toEqual([]);
    const buildsAt = (name: string): readonly string[] => [
      ...new Set((answers.get(name) ?? []).slice(-100).map(({ text }) => text)),
    ];
    expect([...doorsOf(buildsAt)]).toEqual([
      ['same', ['1.1']],
      ['slower', ['1.0']],
      ['failing', ['1.0']],
      ['haproxy', ['1.1']],
    ]);
    // From the first failure that a user met to the last.
    const failures = (answers.get('failing') ?? []).filter(({ status }) => status === 500);
    expect(failures.length).toBeGreaterThan(0);
    expect((failures.at(-1) as Answer).atMs - (failures[0] as Answer).atMs).toBeLessThan(5000);
    const split = (answers.get('haproxy') ?? []).filter(({ text }) => text === '1.0').length;
    expect(split, 'HAProxy had both').toBeGreaterThan(0);
  });
});

function doorsOf(buildsAt: (name: string) => readonly string[]): [string, readonly string[]][] {
  return ['same', 'slower', 'failing', 'haproxy'].map((name) => [name, buildsAt(name)]);
}

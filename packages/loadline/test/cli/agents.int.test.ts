import type { ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { LoadReport } from 'loadline/load';
import { afterEach, describe, expect, it } from 'vitest';
import { type Bench, type Ended, type Started, start, startBench } from './command.ts';

const token = 'four score and seven years';
/** So that each command is one process, which a test can freeze. */
const one = { NODE_OPTIONS: '--conditions=loadline-source' };
const started: Started[] = [];

afterEach(async () => {
  for (const { child } of started)
    for (const pid of [...childrenOf(child), child.pid as number]) signal(pid, 'SIGKILL');
  await Promise.all(started.splice(0).map(({ ended }) => ended));
});

/** A bench that tells when requests came, and agents that join it. */
interface Hall extends AsyncDisposable {
  readonly bench: Bench;
  /** When each request came. */
  readonly times: number[];
  /** Where the agents' temporary folders are. */
  readonly temporary: string;
  agent(name: string, ...args: string[]): Started;
  /** Starts a run; resolves when it waits for its agents. */
  run(file: string, agents: number, ...args: string[]): Promise<Started>;
}

async function openHall(): Promise<Hall> {
  const times: number[] = [];
  const bench = await startBench((_, response) => {
    times.push(performance.now());
    response.end('{}');
  });
  const port = await freePort();
  const temporary = join(bench.folder, 'tmp');
  await mkdir(temporary);
  const env = { ...one, LOADLINE_AGENT_TOKEN: token, TMPDIR: temporary, TEST_KEY: 'sesame' };
  const begin = (args: string[]): Started => {
    const command = start(args, env);
    started.push(command);
    return command;
  };
  return {
    bench,
    times,
    temporary,
    agent: (name, ...args) =>
      begin(['agent', '--join', `tls://127.0.0.1:${port}`, '--name', name, '--workers', '1', ...args]),
    run: async (file, agents, ...args) => {
      const listen = ['--agents', `${agents}`, '--listen', `127.0.0.1:${port}`];
      const run = begin(['run', file, '--target', bench.target, ...listen, '--json', '-', ...args]);
      await Promise.race([run.shows('loadline agent --join'), run.ended]);
      return run;
    },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  };
}

const arrivals = (rate: number, seconds: number): string => `scenarios:
  visit: { steps: [{ get: / }] }
load: [{ arrivals: { rate: ${rate}/s, for: ${seconds}s } }]
limits: { request_timeout: 2s }
`;

const reportOf = ({ out }: Ended): LoadReport => JSON.parse(out) as LoadReport;
/** What a run can be that lost nothing, on a machine that is busy with other tests. */
const good = ['passed', 'invalid'];

describe('loadline run with agents', { retry: 2 }, () => {
  it('makes one load on several machines, from the files of the one who runs it', async () => {
    await using hall = await openHall();
    await hall.bench.file('people.csv', 'name\nann\nbob\n');
    await hall.bench.file('paths.ts', `export const path: string = '/script';`);
    await hall.bench.file(
      'visit.ts',
      `import type { ScenarioUser } from 'loadline/load';\nimport { path } from './paths.ts';\nexport default async (user: ScenarioUser) => { await user.get(path); };`,
    );
    const file = await hall.bench.file(
      'load.yaml',
      `data: { person: { file: people.csv } }
scenarios:
  visit:
    steps:
      - get: /{{person.name}}
        headers: { authorization: "Bearer {{$env.TEST_KEY}}" }
  script: { script: ./visit.ts }
load: [{ arrivals: { rate: 200/s, for: 2s } }]
`,
    );
    const run = await hall.run(file, 2);
    const agents = ['north', 'south'].map((name) => hall.agent(name, '--allow-scripts', '--once'));
    const { code, out, err } = await run.ended;
    expect(err).toContain(
      'Waiting for 2 agents, to be started with the same token:\n  loadline agent --join tls://127.0.0.1:',
    );
    expect(err).toContain('2 of 2 agents are here.');
    const report = JSON.parse(out) as LoadReport;
    expect([report.total.requests, report.offered.arrivals, report.total.errors]).toEqual([400, 400, 0]);
    expect(report.endpoints.reduce((sum, { requests }) => sum + requests, 0)).toBe(400);
    expect(hall.times).toHaveLength(400);
    expect(report.workers.map(({ name }) => name).toSorted()).toEqual(['agent north', 'agent south']);
    expect(out).not.toContain('sesame');
    expect([0, 98]).toContain(code);
    for (const agent of agents) expect((await agent.ended).code).toBe(0);
    expect(readdirSync(hall.temporary)).toEqual([]);
  });

  it('makes part of it on this machine too, where that is asked for', async () => {
    await using hall = await openHall();
    const file = await hall.bench.file('load.yaml', arrivals(100, 1));
    const run = await hall.run(file, 1, '--workers', '1');
    hall.agent('north');
    const report = reportOf(await run.ended);
    expect(report.workers.map(({ name }) => name)).toEqual(['agent north', 'worker 1']);
    expect([report.total.requests, hall.times.length]).toEqual([100, 100]);
  });

  it.each([
    ['is killed', 'SIGKILL', 'agent', /it closed the connection|ECONNRESET|connection broke/],
    ['is frozen', 'SIGSTOP', 'agent', /^it was silent for (?:1[789]|2[01])\d\d ms$/],
    ['has its worker killed', 'SIGKILL', 'worker', /it ended with SIGKILL/],
    ['has its worker frozen', 'SIGSTOP', 'worker', /^it was silent for (?:1[789]|2[01])\d\d ms$/],
  ] as const)(
    'notices within two seconds that an agent %s, and another takes over its share',
    async (_, name, whom, because) => {
      await using hall = await openHall();
      const file = await hall.bench.file('load.yaml', arrivals(100, 7));
      const run = await hall.run(file, 2);
      const [north, south] = [hall.agent('north'), hall.agent('south')];
      await until(() => hall.times.length > 200);
      const pids = whom === 'agent' ? [north.child.pid as number] : childrenOf(north.child);
      expect(pids).toHaveLength(1);
      const worker = childrenOf(north.child);
      for (const pid of pids) signal(pid, name);
      const atMs = performance.now();
      const ended = await run.ended;
      const report = reportOf(ended);
      const [lost, heir] = report.workers.toSorted((a) => (a.name === 'agent north' ? -1 : 1));
      expect(lost?.lost).toMatchObject({
        because: expect.stringMatching(because),
        takenOverBy: 'agent south',
      });
      expect(heir?.lost).toBeUndefined();
      const endMs = hall.times.at(-1) as number;
      // From two and a half seconds on the whole rate is made, not half of it, and not half as much again, which is
      // what the lost one would make if it went on.
      const late = hall.times.filter((each) => each > atMs + 2500 && each < endMs - 500).length;
      const expected = (endMs - 500 - atMs - 2500) / 10;
      expect(late / expected).toBeGreaterThan(0.8);
      expect(late / expected).toBeLessThan(1.2);
      expect(report.offered.arrivals).toBe(700);
      expect(Math.abs(report.offered.requests - 700)).toBeLessThan(3);
      const { verdict, generator } = report;
      expect(verdict.reasons.at(-1)).toMatch(
        /^agent north was lost after .*, and agent south took over its share\.$/,
      );
      // What was due in between is not held against the generator, unless this machine was too busy.
      expect(verdict.status).toBe(generator.wasBottleneck ? 'invalid' : 'passed');
      for (const pid of worker) if (name === 'SIGSTOP') signal(pid, 'SIGCONT');
      if (name === 'SIGSTOP') signal(north.child.pid as number, 'SIGCONT');
      await until(() => worker.every((pid) => !isAlive(pid)));
      expect(isAlive(south.child.pid as number)).toBe(true);
      // Once it goes on, it notices that it is out, and would join the next run.
      if (name === 'SIGSTOP' || whom === 'worker') await north.shows('Nobody conducts a run');
    },
  );

  it('counts the share of a lost agent as not offered, where that is asked for', async () => {
    await using hall = await openHall();
    const file = await hall.bench.file('load.yaml', arrivals(100, 6));
    const run = await hall.run(file, 2, '--on-loss', 'leave-out');
    const north = hall.agent('north');
    hall.agent('south');
    await until(() => hall.times.length > 200);
    signal(north.child.pid as number, 'SIGKILL');
    const report = reportOf(await run.ended);
    const lost = report.workers.find(({ name }) => name === 'agent north')?.lost;
    expect([lost?.because, lost?.takenOverBy]).toEqual([expect.any(String), undefined]);
    expect(report.offered.dropped).toBeGreaterThan(100);
    expect(report.offered.dropped).toBeLessThan(250);
    expect(Math.abs(report.offered.requests - 600)).toBeLessThan(3);
  });

  it.each(['SIGKILL', 'SIGSTOP'] as const)(
    'leaves no load behind when the one who conducts gets %s',
    async (name) => {
      await using hall = await openHall();
      const file = await hall.bench.file('load.yaml', arrivals(100, 30));
      const run = await hall.run(file, 2);
      const agents = [hall.agent('north'), hall.agent('south')];
      await until(() => hall.times.length > 200);
      signal(run.child.pid as number, name);
      const atMs = performance.now();
      for (const agent of agents) await agent.shows('Lost who conducts the run');
      if (name === 'SIGSTOP') signal(run.child.pid as number, 'SIGKILL');
      await until(() => readdirSync(hall.temporary).length === 0);
      await until(() => agents.every(({ child }) => childrenOf(child).length === 0));
      // Nobody is left who could send another one.
      expect((hall.times.at(-1) as number) - atMs).toBeLessThan(2000);
    },
  );

  it('ends with its report when it is interrupted, and when it still waits', async () => {
    await using hall = await openHall();
    const file = await hall.bench.file('load.yaml', arrivals(100, 30));
    const waiting = await hall.run(file, 1);
    signal(waiting.child.pid as number, 'SIGINT');
    expect((await waiting.ended).code).toBe(130);
    const run = await hall.run(file, 1);
    hall.agent('north');
    await until(() => hall.times.length > 100);
    signal(run.child.pid as number, 'SIGINT');
    const ended = await run.ended;
    expect([ended.code, reportOf(ended).verdict.status]).toEqual([130, 'interrupted']);
  });

  it('takes no agent with another token, which ends with 2', async () => {
    await using hall = await openHall();
    const file = await hall.bench.file('load.yaml', arrivals(50, 2));
    const run = await hall.run(file, 1);
    const tokenFile = await hall.bench.file('token', 'this is another token\n');
    const stranger = await hall.agent('stranger', '--token-file', tokenFile).ended;
    expect([stranger.code, stranger.out]).toEqual([2, '']);
    expect(stranger.err).toContain(
      'LOAD_AGENT_REFUSED: Cannot lend this machine: the token is not the one that it was started with.',
    );
    hall.agent('north');
    const ended = await run.ended;
    expect(ended.err).toMatch(/Did not let in 127\.0\.0\.1:\d+: it has another token\./);
    expect(good).toContain(reportOf(ended).verdict.status);
    for (const { err } of [stranger, ended]) expect(err).not.toMatch(/score|this is another/);
  });

  it('does not begin where an agent may not load the target', async () => {
    await using hall = await openHall();
    const file = await hall.bench.file('load.yaml', arrivals(50, 2));
    const stranger = ['--target', 'http://203.0.113.9', '--allow-host', '203.0.113.9'];
    const run = await hall.run(file, 1, ...stranger);
    hall.agent('north');
    const { code, err } = await run.ended;
    expect(code).toBe(2);
    expect(err).toMatch(
      /LOAD_WORKERS_UNREADY: [\s\S]*agent north: Cannot load http:\/\/203\.0\.113\.9: .* Agents have an --allow-host of their own/,
    );
  });
});

describe('loadline agent', () => {
  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const)('ends with %s as a pipeline expects', async (name, code) => {
    await using hall = await openHall();
    const agent = hall.agent('north');
    await agent.shows('Nobody conducts a run');
    signal(agent.child.pid as number, name);
    const ended = await agent.ended;
    expect([ended.code, ended.out]).toEqual([code, '']);
  });
});

/** The processes that a process has started, on Linux. */
function childrenOf({ pid }: ChildProcess): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return list === '' ? [] : list.split(' ').map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended already.
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function until(holds: () => boolean, limitMs = 20_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!holds() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(holds()).toBe(true);
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

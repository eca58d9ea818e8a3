import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import {
  type AddressInfo,
  connect as connectTcp,
  createServer as createTcpServer,
  type Socket,
} from 'node:net';
import {
  connect as connectTls,
  createServer as createTlsServer,
  setDefaultCACertificates,
  type TLSSocket,
} from 'node:tls';
import { type Clock, systemClock } from 'loadline/base';
import {
  createFunctionTransport,
  type FromWorker,
  type LoadPlan,
  runWorkers,
  type ToWorker,
  type WorkerLink,
  work,
} from 'loadline/load';
import {
  type AgentListener,
  type LendOptions,
  type ListenOptions,
  lendMachine,
  listenForAgents,
  prepareErrand,
} from 'loadline/load/agents';
import { afterEach, describe, expect, it } from 'vitest';
import { agentTls, conductorTls, deriveKey } from '../../../src/load/agents/agent-key.ts';
import { encodeFrame } from '../../../src/load/agents/frames.ts';
import type { ConductorLink } from '../../../src/load/workers/link.ts';
import { createLinkEnd } from '../../../src/load/workers/link-end.ts';
import { answerAfter, planWith } from '../../simulation/simulate.ts';
import { cert, key } from '../transports/certificate.ts';
import { folderWith } from './files.ts';

const token = 'a token that both of them know';
const ended: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

interface Hall {
  readonly listener: AgentListener;
  readonly turnedAway: string[];
  readonly waiting: number[];
}

async function listen(given: Partial<ListenOptions> = {}): Promise<Hall> {
  const turnedAway: string[] = [];
  const waiting: number[] = [];
  const listener = await listenForAgents({
    host: '127.0.0.1',
    port: 0,
    token,
    onTurnedAway: (_, because) => turnedAway.push(because),
    onWaiting: (count) => waiting.push(count),
    ...given,
  });
  ended.push(() => listener.close());
  return { listener, turnedAway, waiting };
}

interface Lent {
  readonly told: string[];
  readonly ended: Promise<unknown>;
  leave(): void;
}

/** Lends this process; how it ended is a value. */
function lend(url: string, given: Partial<LendOptions> = {}): Lent {
  const told: string[] = [];
  const leaving = new AbortController();
  const options: LendOptions = {
    name: 'hall-1',
    token,
    workers: 1,
    allowHosts: [],
    allowsScripts: false,
    isOnce: true,
    tell: (line) => told.push(line),
    startWorkers: () => [inProcess(systemClock)],
    ...given,
  };
  const lending = lendMachine(new URL(url), options, leaving.signal).then(
    () => undefined,
    (error: unknown) => error,
  );
  const leave = (): void => leaving.abort(new Error('left'));
  ended.push(async () => {
    leave();
    await lending;
  });
  return { told, ended: lending, leave };
}

/** When each request was sent, by the machine's clock. */
type Sent = number[];

/** A worker that lives in this process, by a clock of its own, and loads a function. */
function inProcess(clock: Clock, plan = shortPlan, sent: Sent = []): WorkerLink {
  const later = (call: () => void): void => void setImmediate(call);
  const toWorker = createLinkEnd<FromWorker, ToWorker>('conductor', {
    send: (message) => later(() => toConductor.deliver(structuredClone(message))),
    close: () => undefined,
  });
  const toConductor = createLinkEnd<ToWorker, FromWorker>('worker 1', {
    send: (message) => later(() => toWorker.deliver(structuredClone(message))),
    close: () => toWorker.lose('it was closed'),
  });
  void work(toWorker.link as ConductorLink, {
    clock,
    plan: async () => plan,
    openTransport: async () =>
      createFunctionTransport(systemClock, () => {
        sent.push(systemClock.monotonicMs());
        return answerAfter(1);
      }),
    watch: () => ({ samples: [], late: () => undefined, stop: () => undefined }),
  });
  return toConductor.link;
}

const scenario = (target: string): string => `target: ${target}
scenarios: { visit: { steps: [{ get: / }] } }
load: [{ arrivals: { rate: 100/s, for: 1s } }]
`;

const planOf = (rate: number, seconds: number): LoadPlan =>
  planWith({ stages: [{ kind: 'arrivals', from: rate, to: rate, durationMs: seconds * 1000 }] });
const shortPlan = planOf(100, 1);

async function errandFor(yaml: string, files: Record<string, string> = {}, allowHosts: string[] = []) {
  const folder = await folderWith({ 'load.yaml': yaml, ...files });
  ended.push(() => folder[Symbol.asyncDispose]());
  return await prepareErrand(folder.at('load.yaml'), { choice: {}, allowHosts, protocol: {} });
}

const whyLost = (link: WorkerLink | undefined): Promise<string> =>
  new Promise((resolve) => link?.onLost(resolve));

/** A connection that says what it is told to, and what became of it. */
function knock(url: string, says?: string | Buffer): Socket {
  const { hostname, port } = new URL(url);
  const socket = connectTcp({ host: hostname, port: Number(port) });
  socket.on('error', () => undefined);
  if (says !== undefined) socket.write(says);
  ended.push(() => socket.destroy());
  return socket;
}

/** A connection of somebody who knows the token, and nothing else. */
async function knockWithToken(url: string): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  const socket = connectTls({ host: hostname, port: Number(port), ...agentTls(await deriveKey(token)) });
  socket.on('error', () => undefined);
  ended.push(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** Somebody who listens where agents join. */
async function standIn(server: ReturnType<typeof createTcpServer>): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ended.push(() => server.close());
  return `tls://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function until(holds: () => boolean, limitMs = 8000): Promise<void> {
  const endMs = systemClock.monotonicMs() + limitMs;
  while (!holds() && systemClock.monotonicMs() < endMs)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
}

describe('agents', () => {
  it('make a run of their shares, and are let go afterwards', async () => {
    const { listener } = await listen();
    const agents = [lend(listener.url), lend(listener.url, { name: 'hall-2' })];
    const errand = await errandFor(scenario('http://127.0.0.1'));
    const links = await listener.next(2, errand);
    expect(links.map((link) => link.name).toSorted()).toEqual(['agent hall-1', 'agent hall-2']);
    const report = await runWorkers(shortPlan, links);
    expect([report.total.requests, report.offered.dropped, report.verdict.status]).toEqual([
      100,
      0,
      'passed',
    ]);
    for (const { ended: end, told } of agents) {
      expect(await end).toBeUndefined();
      expect(told.at(-1)).toBe('The run is over.');
    }
  });

  it.each([
    ['is an hour ahead and goes too fast', 3_600_000, 3e-4],
    ['is behind and goes too slowly', -5000, -3e-4],
  ])(
    'keep the schedule over a real connection where a clock %s',
    { retry: 2 },
    async (_, offsetMs, drift) => {
      const { listener } = await listen();
      const truth = systemClock;
      const wrong: Clock = {
        now: () => truth.now(),
        monotonicMs: () => truth.monotonicMs() * (1 + drift) + offsetMs,
        setTimer: (callback, delayMs) => truth.setTimer(callback, delayMs / (1 + drift)),
        grainMs: 1,
      };
      const sent: Sent = [];
      const plan = planOf(50, 8);
      lend(listener.url, { startWorkers: () => [inProcess(truth, plan, sent)] });
      lend(listener.url, { startWorkers: () => [inProcess(wrong, plan, sent)] });
      const links = await listener.next(2, await errandFor(scenario('http://127.0.0.1')));
      const report = await runWorkers(plan, links);
      expect([report.total.requests, report.verdict.status]).toEqual([400, 'passed']);
      const found = report.workers
        .map(({ clockOffsetMs }) => clockOffsetMs)
        .toSorted((a, b) => Math.abs(a) - Math.abs(b));
      const atMs = truth.monotonicMs();
      const expected = [0, offsetMs + drift * atMs].toSorted((a, b) => Math.abs(a) - Math.abs(b));
      for (const [index, each] of found.entries())
        expect(Math.abs(each - (expected[index] as number))).toBeLessThan(10);
      const times = sent.toSorted((a, b) => a - b);
      const startMs = times[0] as number;
      const deviations = times
        .map((each, index) => Math.abs(each - startMs - index * 20))
        .toSorted((a, b) => a - b);
      expect(deviations[200]).toBeLessThan(10);
    },
  );

  it('of one name are told apart', async () => {
    const { listener } = await listen();
    for (let count = 0; count < 3; count++) lend(listener.url);
    const links = await listener.next(3, await errandFor(scenario('http://127.0.0.1')));
    expect(links.map((link) => link.name).toSorted()).toEqual([
      'agent hall-1',
      'agent hall-1 (2)',
      'agent hall-1 (3)',
    ]);
    for (const link of links) link.close();
  });

  it('that left while they waited are not counted', async () => {
    const { listener, waiting } = await listen();
    const first = lend(listener.url);
    await until(() => waiting.at(-1) === 1);
    first.leave();
    await until(() => waiting.at(-1) === 0);
    lend(listener.url, { name: 'hall-2' });
    const links = await listener.next(1, await errandFor(scenario('http://127.0.0.1')));
    expect(links.map((link) => link.name)).toEqual(['agent hall-2']);
    links[0]?.close();
  });

  it('are waited for until the signal says no', async () => {
    const { listener } = await listen();
    const stopping = new AbortController();
    const next = listener.next(1, await errandFor(scenario('http://127.0.0.1')), stopping.signal);
    const reason = new Error('stop');
    setTimeout(() => stopping.abort(reason), 50);
    await expect(next).rejects.toBe(reason);
  });

  it('that cannot prepare themselves say why, as links that are lost', async () => {
    const { listener } = await listen();
    const agent = lend(listener.url, {
      startWorkers: () => {
        throw new Error('no more processes');
      },
    });
    const [link] = await listener.next(1, await errandFor(scenario('http://127.0.0.1')));
    expect(await whyLost(link)).toBe('no more processes');
    expect(await agent.ended).toMatchObject({ code: 'LOAD_AGENT_RUN_LOST' });
  });

  it('load no stranger, unless both the run and they themselves allow it', async () => {
    const yaml = scenario('http://203.0.113.9');
    for (const [own, runs, isAllowed] of [
      [[], ['203.0.113.9'], false],
      [['203.0.113.9'], [], false],
      [['203.0.113.9'], ['203.0.113.9'], true],
    ] as const) {
      const { listener } = await listen();
      let started = 0;
      lend(listener.url, {
        allowHosts: own,
        startWorkers: () => {
          started++;
          return [inProcess(systemClock)];
        },
      });
      const [link] = await listener.next(1, await errandFor(yaml, {}, [...runs]));
      if (!isAllowed)
        expect(await whyLost(link)).toMatch(/^Cannot load http:\/\/203\.0\.113\.9: .* is a public address/);
      expect(started).toBe(isAllowed ? 1 : 0);
      link?.close();
    }
  });

  it('run no code, unless they were started to', async () => {
    const yaml = `target: http://127.0.0.1\nscenarios: { visit: { script: visit.ts } }\nload: [{ hold: { users: 1, for: 1s } }]\n`;
    const files = {
      'visit.ts': `import { home } from './home.ts';\nimport { defineScenario } from 'loadline/load';\nexport default defineScenario(async (user) => { await user.get(home); });`,
      'home.ts': `export const home: string = '/';`,
    };
    for (const allowsScripts of [false, true]) {
      const { listener } = await listen();
      const agent = lend(listener.url, { allowsScripts });
      const [link] = await listener.next(1, await errandFor(yaml, files));
      if (!allowsScripts) expect(await whyLost(link)).toMatch(/the scenario is code.*--allow-scripts/);
      link?.close();
      expect(await agent.ended).toEqual(
        allowsScripts ? undefined : expect.objectContaining({ code: 'LOAD_AGENT_RUN_LOST' }),
      );
    }
  });

  it('come back when nobody was there, and for one run after the other', async () => {
    const port = await freePort();
    const agent = lend(`tls://127.0.0.1:${port}`, { isOnce: false });
    await until(() => agent.told.some((line) => /Nobody conducts .*ECONNREFUSED/.test(line)));
    for (let run = 1; run <= 2; run++) {
      const { listener } = await listen({ port });
      const [link] = await listener.next(1, await errandFor(scenario('http://127.0.0.1')));
      link?.close();
      listener.close();
      await until(() => agent.told.filter((line) => line === 'The run is over.').length === run);
    }
    expect(agent.told.filter((line) => line.startsWith('Taking part in "load"'))).toHaveLength(2);
  });
});

describe('the door for agents', () => {
  it('lets nobody in with another token, says so on both sides, and goes on', async () => {
    const { listener, turnedAway, waiting } = await listen();
    const stranger = lend(listener.url, { token: 'a token that is another one' });
    const refusal = await stranger.ended;
    expect(refusal).toMatchObject({
      code: 'LOAD_AGENT_REFUSED',
      message: 'Cannot lend this machine: the token is not the one that it was started with.',
    });
    expect([turnedAway, waiting]).toEqual([['it has another token'], []]);
    expect(JSON.stringify([refusal, turnedAway])).not.toMatch(/a token that/);
    lend(listener.url);
    const [link] = await listener.next(1, await errandFor(scenario('http://127.0.0.1')));
    expect(link?.name).toBe('agent hall-1');
    link?.close();
  });

  it('is kept by nobody who says nonsense, or nothing', async () => {
    const { listener, turnedAway } = await listen();
    const silent = Array.from({ length: 300 }, () => knock(listener.url).resume());
    for (let count = 0; count < 50; count++) knock(listener.url, 'GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    for (let count = 0; count < 50; count++) knock(listener.url, Buffer.alloc(3000, count));
    const startMs = systemClock.monotonicMs();
    const agent = lend(listener.url);
    const [link] = await listener.next(1, await errandFor(scenario('http://127.0.0.1')));
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(4000);
    expect(link?.name).toBe('agent hall-1');
    link?.close();
    expect(await agent.ended).toBeUndefined();
    expect(turnedAway.length).toBeGreaterThan(90);
    expect(silent.filter((socket) => socket.closed).length).toBeGreaterThan(230);
  });

  it('cuts off who does not show within five seconds that they know the token', async () => {
    const { listener, turnedAway } = await listen();
    const socket = knock(listener.url);
    const startMs = systemClock.monotonicMs();
    await once(socket.resume(), 'close');
    expect(systemClock.monotonicMs() - startMs).toBeLessThan(7000);
    expect(turnedAway).toEqual(['it did not show within 5 s that it knows the token']);
  });

  it.each([
    ['no frame', Buffer.alloc(100, 255), /cannot be understood: a frame of 4294967295 bytes/],
    ['no structured clone', Buffer.from([0, 0, 0, 1, 1]), /cannot be understood/],
    ['no greeting', encodeFrame({ kind: 'from', worker: 0 }), /version must be a text/],
    [
      'another version',
      encodeFrame({ kind: 'hello', version: '0.0.1', name: 'old' }),
      /it runs Loadline 0\.0\.1, and the run is conducted by \d/,
    ],
  ])('sends away who knows the token, but whose first message is %s', async (_, says, because) => {
    const { listener, turnedAway, waiting } = await listen();
    const socket = await knockWithToken(listener.url);
    socket.write(says);
    await once(socket.resume(), 'close');
    expect([turnedAway.length, turnedAway[0], waiting]).toEqual([1, expect.stringMatching(because), []]);
  });

  it('cannot be opened twice at one address', async () => {
    const { listener } = await listen();
    await expect(listen({ port: Number(new URL(listener.url).port) })).rejects.toMatchObject({
      code: 'LOAD_LISTEN_FAILED',
      message: expect.stringContaining('EADDRINUSE'),
    });
  });
});

describe('an agent', () => {
  it('trusts no certificate, not even one that its machine trusts', async () => {
    setDefaultCACertificates([cert]);
    let heard = 0;
    const server = createTlsServer({ key, cert }, (socket) =>
      socket.on('data', () => heard++).on('error', () => undefined),
    );
    const agent = lend((await standIn(server)).replace('127.0.0.1', 'localhost'));
    expect(await agent.ended).toMatchObject({
      code: 'LOAD_AGENT_REFUSED',
      message: expect.stringContaining('it shows a certificate instead of using the token'),
    });
    expect(heard).toBe(0);
  });

  it('leaves who speaks something else', async () => {
    const agent = lend(await standIn(createHttpServer()));
    expect(await agent.ended).toMatchObject({
      code: 'LOAD_AGENT_REFUSED',
      message: expect.stringMatching(/what listens there conducts no run of this version/),
    });
  });

  it('says why it was turned away', async () => {
    const server = createTlsServer(conductorTls(await deriveKey(token)), (socket) => {
      socket
        .on('error', () => undefined)
        .end(encodeFrame({ kind: 'turned away', because: 'it runs Loadline 0.0.1' }));
    });
    const agent = lend(await standIn(server));
    expect(await agent.ended).toMatchObject({
      code: 'LOAD_AGENT_REFUSED',
      message: 'Cannot lend this machine: it was turned away: it runs Loadline 0.0.1.',
    });
  });

  it('leaves a conductor that is silent, though its connection stands', async () => {
    const server = createTlsServer(conductorTls(await deriveKey(token)), (socket) => {
      socket.on('error', () => undefined).resume();
    });
    const agent = lend(await standIn(server), { clock: quick(10) });
    expect(await agent.ended).toMatchObject({
      code: 'LOAD_AGENT_RUN_LOST',
      message: expect.stringContaining('it was silent for 5 s'),
    });
  });

  it('takes nothing that is not an errand for one', async () => {
    const server = createTlsServer(conductorTls(await deriveKey(token)), (socket) => {
      socket.on('error', () => undefined).resume();
      const file = { path: '../../evil', bytes: 1, sha256: '' };
      socket.write(encodeFrame({ kind: 'errand', errand: { scenario: '../../evil', files: [file] } }));
    });
    const agent = lend(await standIn(server));
    expect(await agent.ended).toMatchObject({
      code: 'LOAD_AGENT_RUN_LOST',
      message: expect.stringContaining('files[0].path must stay inside of its folder'),
    });
  });
});

/** The machine's clock, so many times as fast. */
function quick(times: number): Clock {
  return {
    now: () => systemClock.now(),
    monotonicMs: () => systemClock.monotonicMs() * times,
    setTimer: (callback, delayMs) => systemClock.setTimer(callback, delayMs / times),
  };
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

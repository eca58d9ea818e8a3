import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { sleep, systemClock } from 'loadline/base';
import { localStackError } from './errors.ts';
import type { Ground } from './ground.ts';
import type { KeptProcess } from './keeper.ts';
import type { Command, Ending } from './keeper-protocol.ts';

/** How to bring up one server on a port that is not known beforehand. */
export interface Launch {
  /** Prepares the start on this port. */
  readonly prepare: (port: number) => Promise<Command>;
  /**
   * Whether the server on this port is the one with this pid, and ready; false as long as it is not. Errors
   * count as "not yet", and the last one is told when the time is up.
   */
  readonly isReady: (port: number, pid: number) => Promise<boolean>;
  /** How long it may take, in milliseconds. Default 120 s: a killed PostgreSQL may have much to replay. */
  readonly limitMs?: number;
  /** Default: one that is free at this moment. */
  readonly choosePort?: () => Promise<number>;
}

export interface Launched {
  readonly port: number;
  readonly process: KeptProcess;
}

/**
 * Starts a server and waits until it is ready. Between the choice of a free port and the server's own bind
 * somebody else may take it, so it tries again elsewhere.
 *
 * @throws LOCAL_STACK_SERVER_FAILED, LOCAL_STACK_NOT_READY.
 */
export async function launch(ground: Ground, plan: Launch): Promise<Launched> {
  for (let attempt = 1; ; attempt++) {
    ground.signal.throwIfAborted();
    const port = await (plan.choosePort ?? freePort)();
    const command = await plan.prepare(port);
    const process = await ground.keeper.start(command);
    const outcome = await untilReady(ground, plan, port, process);
    if (outcome.kind === 'ready') return { port, process };
    if (outcome.kind === 'late') {
      await process.end();
      throw notReady(command, outcome.lastError);
    }
    const log = await tailOf(command.logPath);
    if (attempt === attemptsMax || !passes.test(log)) throw serverFailed(command, outcome.ending, log);
    await sleep(systemClock, 100, ground.signal);
  }
}

const attemptsMax = 5;
const pollMs = 20;
/** What another port, or the end of a killed server's last children, makes good. */
const passes = /Address already in use|is still in use/;

type Outcome =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ended'; readonly ending: Ending }
  | { readonly kind: 'late'; readonly lastError: unknown };

async function untilReady(
  ground: Ground,
  { isReady, limitMs = 120_000 }: Launch,
  port: number,
  process: KeptProcess,
): Promise<Outcome> {
  let ending: Ending | undefined;
  let lost: unknown;
  process.ended.then(
    (ended) => {
      ending = ended;
    },
    (error: unknown) => {
      lost = error;
    },
  );
  let lastError: unknown;
  const deadlineMs = systemClock.monotonicMs() + limitMs;
  while (systemClock.monotonicMs() < deadlineMs) {
    const asked = isReady(port, process.pid).catch((error: unknown) => {
      lastError = error;
      return false;
    });
    const ready = await answerWithin(asked, deadlineMs - systemClock.monotonicMs(), ground.signal);
    if (lost !== undefined) throw lost;
    if (ending !== undefined) return { kind: 'ended', ending };
    if (ready) return { kind: 'ready' };
    await sleep(systemClock, pollMs, ground.signal);
  }
  return { kind: 'late', lastError };
}

/** The answer, or false where there is none in time: a frozen server takes connections, and never says a word. */
async function answerWithin(asked: Promise<boolean>, limitMs: number, signal: AbortSignal): Promise<boolean> {
  const answered = new AbortController();
  const tooLate = sleep(systemClock, limitMs, AbortSignal.any([signal, answered.signal])).then(() => false);
  try {
    return await Promise.race([asked, tooLate]);
  } finally {
    answered.abort();
  }
}

/** A loopback port that nobody listens on at this moment: the kernel names it. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** The last lines of a log, for a message. */
export async function tailOf(logPath: string): Promise<string> {
  const text = await readFile(logPath, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-12).join('\n');
}

export function serverFailed({ name, logPath }: Command, { code, signal }: Ending, log: string): Error {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  return localStackError(
    'LOCAL_STACK_SERVER_FAILED',
    `Cannot start ${name}: it ended ${how}. The end of its log says:\n${log}`,
    { facts: { server: name, code, signal, log: logPath } },
  );
}

function notReady({ name, logPath }: Command, cause: unknown): Error {
  const last = cause instanceof Error ? ` The last attempt said: ${cause.message}.` : '';
  return localStackError(
    'LOCAL_STACK_NOT_READY',
    `${name} runs but was not ready in time.${last} Its log is ${logPath}.`,
    { facts: { server: name, log: logPath }, cause },
  );
}

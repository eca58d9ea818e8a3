/**
 * The program of the keeper, which starts servers as it is told and stops them when its caller says so or
 * ends. It imports nothing but Node's own modules, so that no setting of the caller can keep it from starting.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import type { Command, Ending, KeeperTask, Order, Report } from './keeper-protocol.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import { deleteRecord, readRecord, writeRecord } from './run-record.ts';

interface Kept {
  readonly child: ChildProcess;
  readonly command: Command;
  readonly identity: ProcessIdentity | undefined;
  readonly ended: Promise<Ending>;
}

const task = JSON.parse(process.argv[2] ?? '') as KeeperTask;
const kept = new Map<number, Kept>();
let isStopping = false;

record();
process.on('message', (order: Order) => obey(order));
process.on('disconnect', stop);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
process.on('uncaughtException', (error) => {
  console.error(error);
  stop();
});
if (!process.connected) stop(); // The caller ended before anybody listened.

function obey(order: Order): void {
  if (order.kind === 'start') tryStart(order.id, order.command);
  else if (order.kind === 'stop') stop();
  else endOne(kept.get(order.id));
}

/**
 * A full disk, or a folder that was deleted meanwhile, is told, and does not end the other servers. What runs
 * already and could not be written down ends again: after a crash nobody would know of it.
 */
function tryStart(id: number, command: Command): void {
  try {
    start(id, command);
  } catch (error) {
    report({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) });
    endOne(kept.get(id));
  }
}

function start(id: number, command: Command): void {
  if (isStopping) {
    report({ kind: 'failed', id, message: 'the stack is being stopped' });
    return;
  }
  const child = launch(command);
  child.on('error', (error) => {
    if (child.pid === undefined) report({ kind: 'failed', id, message: error.message });
  });
  if (child.pid === undefined) return;
  const { promise: ended, resolve } = Promise.withResolvers<Ending>();
  kept.set(id, { child, command, identity: identify(child.pid), ended });
  child.on('exit', (code, signal) => {
    kept.delete(id);
    resolve({ code, signal });
    report({ kind: 'ended', id, ending: { code, signal } });
    if (!isStopping) tryRecord();
  });
  record();
  report({ kind: 'started', id, pid: child.pid });
}

function launch(command: Command): ChildProcess {
  rmSync(command.logPath, { force: true }); // It may be another account's, from an earlier run as root.
  const log = openSync(command.logPath, 'w', 0o644);
  try {
    return spawn(command.path, command.args, {
      cwd: command.cwd,
      env: command.env,
      stdio: ['ignore', log, log],
      ...command.account,
    });
  } finally {
    closeSync(log);
  }
}

function endOne(program: Kept | undefined): void {
  if (program !== undefined) void end(program); // Its exit is reported to whoever waits.
}

/** Asks a program to end, more and more firmly. */
async function end({ child, command, ended }: Kept): Promise<void> {
  const timers = command.stopSignals.map(({ signal, afterMs }) =>
    setTimeout(() => {
      child.kill(signal);
      child.kill('SIGCONT'); // A program that was frozen, say by an experiment, hears it only now.
    }, afterMs),
  );
  await ended;
  for (const timer of timers) clearTimeout(timer);
}

function stop(): void {
  if (isStopping) return;
  isStopping = true;
  void Promise.all([...kept.values()].map(end))
    .then(tidyUp)
    .then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error); // The caller waits for our end, and then tries to tidy up itself.
        process.exit(1);
      },
    );
}

function tidyUp(): void {
  deleteRecord(task.recordPath);
  // Retries: what a server's own children still write may appear while the folder is being emptied.
  if (task.removeFolder === undefined) return;
  rmSync(task.removeFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** Writes down who runs, so that the next start can end what a killed keeper has left. */
function record(): void {
  const written = readRecord(task.recordPath);
  const keeper = identify(process.pid);
  if (written === undefined || keeper === undefined) return;
  const servers = [...kept.values()].flatMap(({ identity }) => (identity === undefined ? [] : [identity]));
  writeRecord(task.recordPath, { owner: written.owner, keeper, servers });
}

/** For an end: the old record does no harm, as the start of each process tells it from a later one. */
function tryRecord(): void {
  try {
    record();
  } catch (error) {
    console.error(error);
  }
}

function report(message: Report): void {
  // The caller may be gone by now; then nobody is left to be told.
  if (process.connected) process.send?.(message, () => undefined);
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A first start makes a database; on a busy machine that takes its time. */
const startMsMax = 120_000;
const testMsMax = 60_000;

/**
 * Starts `loadline serve` in a folder with the PostgreSQL that comes with it, reads the key that it prints, asks whether
 * it is alive, lets it load itself for a second, and ends it as an operator would.
 *
 * @throws where anything of this is otherwise.
 */
export async function tryServing(command: string, folder: string): Promise<void> {
  const home = join(folder, 'home');
  // Made here, and so open to the account of the database; `loadline serve` makes its home for its own user alone.
  mkdirSync(home, { mode: 0o755 });
  // Neither a database nor a key of whoever runs this.
  const { DATABASE_URL: _, LOADLINE_ADMIN_KEY: __, LOADLINE_HOME: ___, ...env } = process.env;
  const child = spawn(command, ['serve', '--port', '0', '--home', home, '--allow-target', 'loopback'], {
    cwd: folder,
    env: { ...env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const closed = once(child, 'close');
  try {
    const { url, key } = await untilStarted(child);
    await ask(`${url}/health/live`);
    await tryTest(url, { authorization: `Bearer ${key}` });
    child.kill('SIGTERM');
    const [code, signal] = (await closed) as [number | null, string | null];
    if (code !== 0) throw new Error(`The packed control plane ended with ${signal ?? `code ${code}`}.`);
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      // Its PostgreSQL is ended by the keeper, which sees that its caller has gone.
      child.kill('SIGKILL');
      await closed;
    }
  }
}

function untilStarted(child: ChildProcess): Promise<{ readonly url: string; readonly key: string }> {
  return new Promise((resolve, reject) => {
    let said = '';
    const fail = (how: string): void =>
      reject(new Error(`The packed control plane ${how}. It said: ${said}`));
    const waiting = setTimeout(() => fail('does not start'), startMsMax);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const url = /listens at (\S+)/.exec(said)?.[1];
      const key = /^ {2}(ll_\S+)$/m.exec(said)?.[1];
      if (url === undefined || key === undefined) return;
      clearTimeout(waiting);
      resolve({ url, key });
    });
    child.once('error', (error) => fail(`cannot be started: ${error.message}`));
    child.once('close', () => {
      clearTimeout(waiting);
      fail('ended by itself');
    });
  });
}

/** A load test has a process of its own, whose program must have been packed as well. */
async function tryTest(url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const order = { target: url, path: '/health/live', rate: '10/s', duration: '1s' };
  let test = await ask(`${url}/performance/tests`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  const givingUp = AbortSignal.timeout(testMsMax);
  while (test.state === 'queued' || test.state === 'running') {
    if (givingUp.aborted) throw new Error(`The load test does not end: ${JSON.stringify(test)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    test = await ask(`${url}/performance/tests/${test.id}`, { headers });
  }
  // How it was judged says something of this machine; that it was, says that all of it works.
  if (test.state !== 'finished' || test.hasResults !== true)
    throw new Error(`The load test did not run: ${JSON.stringify(test)}`);
}

async function ask(url: string, request: RequestInit = {}): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, request);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`);
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A control plane in a process of its own, as `loadline serve` starts it. */
export interface Served {
  readonly url: string;
  /** The first admin key, where it was printed. */
  readonly firstKey: string | undefined;
  /** What it has said in its terminal so far. */
  readonly said: string;
  ask(
    method: string,
    path: string,
    options?: { readonly body?: unknown; readonly key?: string },
  ): Promise<Response>;
  /** A test as soon as it is so. Where it never is, the error says how it was, and what the control plane has said. */
  untilTest(id: string, isSo: (test: ServedTest) => boolean): Promise<ServedTest>;
  /** @returns the exit code, or the signal that ended it. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string | null>;
}

/** A load test as the API shows it. */
export interface ServedTest {
  readonly id: string;
  readonly state: string;
  readonly verdict?: string;
  readonly hasResults: boolean;
  readonly progress?: { readonly requests: number };
}

/** For tests that start several: on a machine that has much else to do, each start alone takes half a minute. */
export const manyStartsMs = 240_000;

/** Nothing that a test waits for takes so long, unless it never comes. */
const neverMs = 100_000;

const main = fileURLToPath(new URL('../../../packages/loadline/src/cli/main.ts', import.meta.url));

export async function startServe(
  args: readonly string[],
  { key, env = {} }: { readonly key?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Served> {
  const { child, lines } = spawnServe(['--port', '0', ...args], env);
  const ended = endOf(child);
  const started = await Promise.race([untilListening(child, lines), ended]);
  if (started !== 'listening') throw new Error(`It did not start: ${lines.join('')}`);
  const text = lines.join('');
  const url = /listens at (\S+)/.exec(text)?.[1] as string;
  const firstKey = /^ {2}(ll_\S+)$/m.exec(text)?.[1];
  const ask: Served['ask'] = (method, path, { body, key: own = key ?? firstKey } = {}) =>
    fetch(`${url}${path}`, {
      method,
      headers: {
        ...(own === undefined ? {} : { authorization: `Bearer ${own}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    url,
    firstKey,
    get said() {
      return lines.join('');
    },
    ask,
    async untilTest(id, isSo) {
      const givingUp = AbortSignal.timeout(neverMs);
      for (;;) {
        const test = (await (await ask('GET', `/performance/tests/${id}`)).json()) as ServedTest;
        if (isSo(test)) return test;
        if (givingUp.aborted) throw new Error(`It stays ${JSON.stringify(test)}. It said: ${lines.join('')}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    stop(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** Starts it where it is to refuse, and gives what it says and its exit code. */
export async function refusedServe(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number | string | null; text: string }> {
  const { child, lines } = spawnServe(args, env);
  return { code: await endOf(child), text: lines.join('') };
}

function spawnServe(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): { child: ChildProcess; lines: string[] } {
  const lines: string[] = [];
  const child = spawn(process.execPath, ['--conditions=loadline-source', main, 'serve', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  // Of a test that ran out of time while it waited for the start, nobody else would end it.
  const end = (): boolean => child.kill();
  process.once('exit', end);
  child.once('close', () => process.off('exit', end));
  return { child, lines };
}

function endOf(child: ChildProcess): Promise<number | string | null> {
  return new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
}

function untilListening(child: ChildProcess, lines: readonly string[]): Promise<'listening'> {
  return new Promise((resolve) => {
    child.stderr?.on('data', () => {
      if (/listens at \S+\n/.test(lines.join(''))) resolve('listening');
    });
  });
}

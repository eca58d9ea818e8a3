/** Starts the server of ours that knows when requests came, on the core of targets. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cores, start } from './processes.ts';
import type { Stamps } from './stamping-server.ts';

export interface StampingTarget extends AsyncDisposable {
  readonly url: string;
  /** What was noted since the last time it was asked for, and forgets it. */
  takeStamps(): Promise<Stamps>;
}

/** With `freezes`, the server stands still for `frozenMs` in each period, from its first request on. */
export async function startStampingTarget(freezes?: {
  readonly periodMs: number;
  readonly frozenMs: number;
}): Promise<StampingTarget> {
  const module = fileURLToPath(new URL('./stamping-server.ts', import.meta.url));
  const words = freezes === undefined ? [] : [String(freezes.periodMs), String(freezes.frozenMs)];
  const server = start({
    core: cores.target,
    command: process.execPath,
    args: [module, ...words],
    hasChannel: true,
  });
  const answer = async (): Promise<unknown> => {
    const [message] = (await once(server.child, 'message', { signal: AbortSignal.timeout(20_000) })) as [
      unknown,
    ];
    return message;
  };
  try {
    const { port } = (await answer()) as { port: number };
    return {
      url: `http://127.0.0.1:${port}`,
      takeStamps() {
        const stamps = answer() as Promise<Stamps>;
        server.child.send('stamps');
        return stamps;
      },
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** Milliseconds on the clock that all processes of a machine share. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

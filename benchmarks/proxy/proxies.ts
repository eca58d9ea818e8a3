/** The proxies that are compared: each a process of its own, alone on a core, before the same nginx. */
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cores, type Running, start } from '../load/processes.ts';

export type ProxyName = 'loadline' | 'http-proxy' | '@fastify/http-proxy' | 'bare pipe';

export const proxyNames: readonly ProxyName[] = [
  'loadline',
  'http-proxy',
  '@fastify/http-proxy',
  'bare pipe',
];

export interface StartedProxy {
  readonly name: ProxyName;
  readonly url: string;
  readonly running: Running;
}

/** All of them, in front of what listens at this port; they wait and cost nothing while another has its turn. */
export async function startProxies(
  upstreamPort: number,
): Promise<{ readonly proxies: readonly StartedProxy[] } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  try {
    const proxies: StartedProxy[] = [];
    for (const name of proxyNames) {
      const running = stack.use(start(commandOf(name, upstreamPort)));
      const [message] = (await once(running.child, 'message', { signal: AbortSignal.timeout(20_000) })) as [
        { readonly port: number },
      ];
      proxies.push({ name, url: `http://127.0.0.1:${message.port}`, running });
    }
    return { proxies, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

const processModule = fileURLToPath(new URL('./proxy-process.ts', import.meta.url));

function commandOf(name: ProxyName, upstreamPort: number): Parameters<typeof start>[0] {
  return {
    core: cores.target,
    command: process.execPath,
    args: ['--conditions=loadline-source', processModule, name, String(upstreamPort)],
    hasChannel: true,
  };
}

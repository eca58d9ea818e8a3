import { once } from 'node:events';
import { createServer } from 'node:net';
import { dirname, join, relative } from 'node:path';
import { exitCodes, type Surroundings } from 'loadline/cli';
import { foodshareError } from '../src/ground/errors.ts';
import type { Stage } from './stage.ts';

/**
 * Reads where the service is to answer, and sees that nobody else does, before anything is started.
 *
 * @returns undefined where it is not to be left running.
 * @throws FOODSHARE_PORT_UNUSABLE
 */
export async function readPort(text: string | undefined): Promise<number | undefined> {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw unusable(text, 'it must be a whole number up to 65535, as in --serve 8080');
  const probe = createServer();
  try {
    await once(probe.listen(port, '127.0.0.1'), 'listening');
  } catch (cause) {
    throw unusable(text, `${(cause as Error).message}. Take another one`);
  }
  await once(probe.close(), 'close');
  return port;
}

function unusable(port: string, because: string): Error {
  return foodshareError('FOODSHARE_PORT_UNUSABLE', `Cannot serve at port ${port}: ${because}.`);
}

/** Tells how to load the stage and what to watch of it, and leaves it standing until Ctrl-C. */
export async function serve(stage: Stage, { terminal, signal }: Surroundings): Promise<number> {
  const file = relative('', join(dirname(stage.loadFile), 'everything.yaml'));
  const addresses = relative('', stage.addressFile);
  const order = JSON.stringify({ instance: stage.instances[0]?.id, kind: 'cpu', durationMs: 10_000 });
  const processes = stage.processes.filter(({ pid }) => pid !== process.pid);
  terminal.out(`
  foodshare answers at ${stage.url} until Ctrl-C. In another terminal:

    npx loadline run ${file} --target ${stage.url}

  To watch while it is loaded:

${processes.map(({ name, pid }) => `    --watch-pid ${String(pid).padEnd(9)} ${name}`).join('\n')}
${stage.instances.map(({ url }) => `    --watch-metrics ${url}/metrics`).join('\n')}
    --watch-postgres "$DATABASE_URL" --watch-valkey "$VALKEY_CACHE_URL"   after \`. ${addresses}\`

  To profile an instance for ten seconds, after the same; ID is that of the first answer:

    curl -s -H "Authorization: Bearer $KEY" --json '${order}' $LOADLINE/performance/profiling/start
    curl -s -H "Authorization: Bearer $KEY" $LOADLINE/performance/profiling/ID/profile

`);
  if (!signal.aborted) await once(signal, 'abort');
  return exitCodes.passed;
}

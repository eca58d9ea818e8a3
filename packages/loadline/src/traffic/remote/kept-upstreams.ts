import { readFile } from 'node:fs/promises';
import { formatPath } from '../../base/index.ts';
import { writeChecked } from '../drivers/checked-file.ts';
import { parseUpstreams } from '../parse-upstreams.ts';
import type { ProxyDriver } from '../proxy-driver.ts';
import type { WantedUpstream } from '../upstream.ts';

/** A proxy that finds its upstreams again after it was started anew. */
export interface KeepingProxy {
  /** The same proxy; what it is told is kept. */
  readonly proxy: ProxyDriver;
  /** Why it began without what was kept; undefined where all is well, also where nothing was kept yet. */
  readonly because: string | undefined;
}

/**
 * Gives a proxy what the one before it was told last, and keeps what this one is told, in a file: a proxy that was started again
 * serves at once, whether or not anybody is there to tell it. A file that cannot be used keeps nobody from being served:
 * then it begins with nothing, and says why.
 *
 * @throws what the proxy does where it is told what was kept.
 */
export async function keepUpstreams(
  proxy: ProxyDriver,
  file: string,
  signal: AbortSignal,
): Promise<KeepingProxy> {
  const found = await readKept(file);
  if ('upstreams' in found && found.upstreams.length > 0) await proxy.apply(found.upstreams, signal);
  // One after the other: they share a draft.
  let writing: Promise<unknown> = Promise.resolve();
  const keeping: ProxyDriver = {
    name: proxy.name,
    observe: (end) => proxy.observe(end),
    async apply(wanted, end) {
      await proxy.apply(wanted, end);
      const text = JSON.stringify({ upstreams: wanted });
      const written = writing.then(() => writeChecked({ path: file, text, check: undefined, signal: end }));
      writing = written.catch(() => undefined);
      await written;
    },
  };
  return { proxy: keeping, because: 'because' in found ? found.because : undefined };
}

type Kept = { readonly upstreams: readonly WantedUpstream[] } | { readonly because: string };

async function readKept(file: string): Promise<Kept> {
  let found: unknown;
  try {
    found = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { upstreams: [] };
    return { because: `${file} cannot be read: ${(error as Error).message}` };
  }
  const parsed = parseUpstreams(found);
  if (parsed.ok) return { upstreams: parsed.value };
  const told = parsed.problems.map(({ path, message }) => `${formatPath(path)} ${message}`);
  return { because: `${file} is no list of upstreams: ${told.join('; ')}` };
}

import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { type Clock, formatDuration, type LoadlineError, withTimeLimit } from '../../base/index.ts';
import { trafficError } from '../errors.ts';

/** The process of an nginx on this machine. */
export interface NginxProcess {
  /** Which configuration it has loaded. @throws LoadlineError TRAFFIC_PROXY_UNREACHABLE, also where it does not say so in time. */
  generation(signal: AbortSignal): Promise<string>;
  /** Has it load what is written. @throws LoadlineError TRAFFIC_PROXY_UNREACHABLE. */
  reload(): Promise<void>;
  /** Its workers at this moment; undefined where the system does not tell. */
  workers(): Promise<Workers | undefined>;
}

export interface Workers {
  /** Take connections. Right after a reload also those of before, which do not know yet that they are to go. */
  readonly accepting: number;
  /** Of before a reload: they end what they have. */
  readonly leaving: number;
}

export interface NginxPlace {
  readonly folder: string;
  readonly command: string;
  readonly controlPort: number;
  /** How long an answer may take there. */
  readonly controlTimeoutMs: number;
  readonly clock: Clock;
}

export function nginxProcessIn({
  folder,
  command,
  controlPort,
  controlTimeoutMs,
  clock,
}: NginxPlace): NginxProcess {
  const pidPath = join(folder, 'nginx.pid');
  const start = `Start it: \`${command} -p ${folder} -c ${join(folder, 'nginx.conf')}\`.`;

  function unreachable(found: string, { remedy = start, cause }: Trouble = {}): LoadlineError {
    const said = `Cannot ask the nginx of ${folder}: ${found}. ${remedy}`;
    return trafficError('TRAFFIC_PROXY_UNREACHABLE', said, { facts: { folder }, cause });
  }

  async function pid(): Promise<number> {
    const found = Number((await readFile(pidPath, 'utf8').catch(() => '')).trim());
    if (Number.isSafeInteger(found) && found > 0) return found;
    throw unreachable(`${pidPath} names no process`);
  }

  function whyNoAnswer(error: unknown): string {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ECONNREFUSED' ? `nobody listens at 127.0.0.1:${controlPort}` : message;
  }

  function noneOfOurs(): never {
    const remedy = `${start} Where something else has that port, let \`controlPort\` be another.`;
    throw unreachable(`what answers at 127.0.0.1:${controlPort} has not loaded its configuration`, {
      remedy,
    });
  }

  return {
    async generation(signal) {
      const limits = { clock, limitMs: controlTimeoutMs, end: signal };
      const asked = await withTimeLimit(limits, (end) => askGeneration(controlPort, end));
      if (asked.kind === 'done') return asked.value ?? noneOfOurs();
      if (asked.kind === 'ended') throw signal.reason;
      if (asked.kind === 'failed') throw unreachable(whyNoAnswer(asked.error), { cause: asked.error });
      const waited = formatDuration(controlTimeoutMs);
      const remedy = 'Its error log may say why.';
      throw unreachable(`127.0.0.1:${controlPort} has not answered within ${waited}`, { remedy });
    },
    async reload() {
      const master = await pid();
      try {
        process.kill(master, 'SIGHUP');
      } catch (cause) {
        const isForeign = (cause as NodeJS.ErrnoException).code === 'EPERM';
        const remedy = 'Start this process as the user who has started nginx.';
        if (isForeign)
          throw unreachable(`this user may not have process ${master} reload`, { remedy, cause });
        throw unreachable(`process ${master} of ${pidPath} is gone`, { cause });
      }
    },
    async workers() {
      const titles = await titlesOfChildren(await pid());
      const found = titles?.filter((title) => title.startsWith('nginx: worker process'));
      if (found === undefined) return undefined;
      const leaving = found.filter((title) => title.includes('shutting down')).length;
      return { accepting: found.length - leaving, leaving };
    },
  };
}

interface Trouble {
  /** What to do; default: start it. */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** Undefined where what answers there has none to tell. */
function askGeneration(port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const from = { host: '127.0.0.1', port, path: '/generation', agent: false, signal };
    const asking = get(from, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece.slice(0, 100);
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200 && /^[\da-f]{16}$/.test(text)) resolve(text);
        else resolve(undefined);
      });
    });
    asking.on('error', reject);
  });
}

/** How the children of a process call themselves, where there is a /proc. */
async function titlesOfChildren(pid: number): Promise<string[] | undefined> {
  try {
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean);
    // One that has just ended calls itself nothing.
    const titleOf = (child: string): Promise<string> =>
      readFile(`/proc/${child.trim()}/cmdline`, 'utf8').catch(() => '');
    return await Promise.all(children.map(titleOf));
  } catch {
    return undefined;
  }
}

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
  readonly controlPort: number;
  /** How long an answer may take there. */
  readonly controlTimeoutMs: number;
  readonly clock: Clock;
}

export function nginxProcessIn({ folder, controlPort, controlTimeoutMs, clock }: NginxPlace): NginxProcess {
  const pidPath = join(folder, 'nginx.pid');

  async function pid(): Promise<number> {
    const found = Number((await readFile(pidPath, 'utf8').catch(() => '')).trim());
    if (Number.isSafeInteger(found) && found > 0) return found;
    throw unreachable(folder, new Error(`${pidPath} names no process`));
  }

  return {
    async generation(signal) {
      const limits = { clock, limitMs: controlTimeoutMs, end: signal };
      const asked = await withTimeLimit(limits, (end) => askGeneration(controlPort, end));
      if (asked.kind === 'done') return asked.value;
      if (asked.kind === 'ended') throw signal.reason;
      if (asked.kind === 'failed') throw unreachable(folder, asked.error as Error);
      const waited = formatDuration(controlTimeoutMs);
      throw unreachable(folder, new Error(`127.0.0.1:${controlPort} has not answered within ${waited}`));
    },
    async reload() {
      const master = await pid();
      try {
        process.kill(master, 'SIGHUP');
      } catch (error) {
        throw unreachable(folder, error as Error);
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

function askGeneration(port: number, signal: AbortSignal): Promise<string> {
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
        else reject(new Error('what answers there is another configuration'));
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

function unreachable(folder: string, cause: Error): LoadlineError {
  return trafficError('TRAFFIC_PROXY_UNREACHABLE', `Cannot ask the nginx of ${folder}: ${cause.message}.`, {
    facts: { folder },
    cause,
  });
}

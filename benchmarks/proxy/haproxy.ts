/** HAProxy on the same core, as a limit: what a proxy adds here that is written in C and understands what it carries. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkEnded, cores, start } from '../load/processes.ts';
import { temporaryFolder } from '../load/temporary-folder.ts';

/** One thread of it in front of what listens at this port, once it answers. */
export async function startHaproxy(
  upstreamPort: number,
  port: number,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const folder = temporaryFolder('haproxy');
  const file = join(folder.path, 'haproxy.cfg');
  await writeFile(file, configuration(port, upstreamPort));
  const command = { core: cores.target, command: binary, args: ['-db', '-f', file] };
  const running = start(command);
  const stop = async (): Promise<void> => {
    await running[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  };
  const url = `http://127.0.0.1:${port}`;
  for (let waitedMs = 0; ; waitedMs += 20) {
    const isUp = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return { url, [Symbol.asyncDispose]: stop };
    if (running.child.exitCode !== null || waitedMs > 5000) {
      await stop();
      checkEnded(command, await running.ended, []);
    }
    await sleep(20);
  }
}

/** Debian keeps it where only root's PATH leads. */
const debianBinary = '/usr/sbin/haproxy';
const binary = existsSync(debianBinary) ? debianBinary : 'haproxy';

function configuration(port: number, upstreamPort: number): string {
  return `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen proxy
  bind 127.0.0.1:${port}
  server nginx 127.0.0.1:${upstreamPort}
`;
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { ProcessState } from './process-tree.ts';

/** All processes of the machine, as `ps` shows them where there is no /proc. */
export async function readPs(signal?: AbortSignal): Promise<Map<number, ProcessState>> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,rss=,time='], {
    maxBuffer: 16_000_000,
    ...(signal === undefined ? {} : { signal }),
  });
  return parsePs(stdout);
}

/** All processes from `ps -A -o pid=,ppid=,rss=,time=`, where `time` is `[[DD-]HH:]MM:SS[.cc]`. Pure. */
export function parsePs(text: string): Map<number, ProcessState> {
  const processes = new Map<number, ProcessState>();
  for (const line of text.split('\n')) {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s*$/.exec(line);
    if (match === null) continue;
    const [, pid, parent, rss, days = 0, hours = 0, minutes, seconds] = match;
    const cpuMs =
      (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    processes.set(Number(pid), {
      parent: Number(parent),
      cpuMs,
      ownBytes: Number(rss) * 1024,
      sharedBytes: 0,
    });
  }
  return processes;
}

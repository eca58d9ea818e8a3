import { execFileSync } from 'node:child_process';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { identify } from '../src/process-identity.ts';

/** What the process list says: every process whose command line names this folder. */
export function processesIn(folder: string): string[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(folder) && !/^\s*\d+\s+Z/.test(line));
}

export function livingOf(pids: readonly number[]): number[] {
  return pids.filter((pid) => identify(pid) !== undefined);
}

/** Asks a Valkey one thing, and returns its raw answer. */
export async function askValkey(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${command}\r\nQUIT\r\n`);
  return (await text(socket)).replace(/\+OK\r\n$/, '');
}

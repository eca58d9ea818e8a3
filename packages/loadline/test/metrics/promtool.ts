import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What `promtool check metrics` says of a text: nothing and 0 when all is well. */
export async function checkMetrics(
  text: AsyncIterable<string> | readonly string[],
): Promise<{ code: number; output: string }> {
  const promtool = spawn('promtool', ['check', 'metrics'], { timeout: 30_000 });
  let output = '';
  for (const stream of [promtool.stdout, promtool.stderr]) stream.on('data', (chunk) => (output += chunk));
  const [[code]] = await Promise.all([
    once(promtool, 'close') as Promise<[number]>,
    pipeline(Readable.from(text), promtool.stdin),
  ]);
  return { code, output };
}

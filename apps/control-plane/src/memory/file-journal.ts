import { appendFile, mkdir, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createMemoryJournal, type Journal, type JournalEntry } from './journal.ts';

/**
 * A journal in a file, a JSON line an entry. The last 10,000 entries can be listed; the file keeps all. For one control
 * plane alone.
 */
export async function openFileJournal<Entry extends JournalEntry>(path: string): Promise<Journal<Entry>> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const recent = createMemoryJournal<Entry>(listedMax);
  for (const line of await readLines(path)) await recent.append(JSON.parse(line) as Entry);
  let last: Promise<void> = Promise.resolve();
  return {
    append(entry) {
      const write = async (): Promise<void> => {
        await appendFile(path, `${JSON.stringify(entry)}\n`, { mode: 0o600, flush: true });
        await recent.append(entry);
      };
      // One after the other, so that lines stand in the order in which things were done.
      last = last.then(write, write);
      return last;
    },
    list: (page) => recent.list(page),
  };
}

const listedMax = 10_000;

/** Without its end, the last line was being written when the machine stopped: it was never acknowledged, and goes. */
async function readLines(path: string): Promise<string[]> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const wholeBytes = bytes.lastIndexOf('\n') + 1;
  if (wholeBytes < bytes.length) await truncate(path, wholeBytes);
  const lines = bytes.subarray(0, wholeBytes).toString('utf8').split('\n');
  return lines.filter((line) => line !== '').slice(-listedMax);
}

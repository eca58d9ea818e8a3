import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The key with which proxies are given orders. It outlives this process as the proxies do, in a file that only this user
 * reads; where the file is gone or spoilt it is a new one, and proxies that still know the old one are started again.
 */
export function proxyKeyIn(folder: string): string {
  const path = join(folder, 'key');
  const found = readKey(path);
  if (found !== undefined) return found;
  const key = randomBytes(32).toString('hex');
  writeFileSync(`${path}.draft`, key, { mode: 0o600 });
  renameSync(`${path}.draft`, path);
  return key;
}

function readKey(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[\da-f]{64}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

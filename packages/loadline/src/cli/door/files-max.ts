import { readFileSync } from 'node:fs';

/**
 * How many files this process may have open. Linux says so in /proc; elsewhere it is taken to be 10,240, which
 * is what macOS lets Node.js raise it to.
 */
export function filesMax(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
    return soft === undefined ? elsewhere : soft === 'unlimited' ? 1_000_000 : Number(soft);
  } catch {
    return elsewhere;
  }
}

const elsewhere = 10_240;

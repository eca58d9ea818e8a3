import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new key: its id, by which one recognises it, and 256 random bits. `ll_k3v9x0q2m7ab_…`. */
export function newKeyText(random: (bytes: number) => Buffer = randomBytes): { id: string; text: string } {
  const id = random(6).toString('hex');
  return { id, text: `ll_${id}_${random(32).toString('base64url')}` };
}

/** The id in a key's text; undefined where it has another form. */
export function idIn(text: string): string | undefined {
  return /^ll_([0-9a-f]{12})_[\w-]{43}$/.exec(text)?.[1];
}

/**
 * What is kept of a key. A fast hash is enough for 256 random bits: there is nothing to guess, and each request asks
 * for it.
 */
export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** In a time that says nothing about where they differ. */
export function equalHashes(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(other, 'hex'));
}

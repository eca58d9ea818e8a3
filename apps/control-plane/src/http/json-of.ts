import { isShared } from '../sharing/index.ts';

/**
 * The JSON of an answer. Of one that many get, as charts are, it is written once: to write it for each of them would be most of
 * what an answer costs.
 */
export function jsonOf(body: unknown): string | Buffer {
  if (!isShared(body)) return JSON.stringify(body);
  const known = written.get(body);
  if (known !== undefined) return known;
  const bytes = Buffer.from(JSON.stringify(body));
  written.set(body, bytes);
  return bytes;
}

/** As long as the answer is kept. */
const written = new WeakMap<object, Buffer>();

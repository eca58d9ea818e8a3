import { createHash } from 'node:crypto';
import type { Redis } from 'iovalkey';

/** A Lua script, and the name under which a server that has seen it knows it. */
export interface ValkeyScript {
  readonly text: string;
  readonly sha1: string;
}

/** What a script is given: the keys that it touches, all of them, and values. */
export interface ScriptInput {
  readonly keys: readonly string[];
  readonly values: readonly (string | number)[];
}

/** Makes a script of Lua; once, where the program starts. */
export function defineScript(text: string): ValkeyScript {
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}

/** By its name; with its text where the server has forgotten it, as after a restart. */
export async function evaluate(
  redis: Redis,
  { text, sha1 }: ValkeyScript,
  { keys, values }: ScriptInput,
): Promise<unknown> {
  try {
    return await redis.evalsha(sha1, keys.length, ...keys, ...values);
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
    return redis.eval(text, keys.length, ...keys, ...values);
  }
}

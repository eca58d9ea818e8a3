import { readFile } from 'node:fs/promises';
import { ended, whyUnreached, withoutEnd } from '../../base/index.ts';
import { cliError } from './errors.ts';
import { whyUnreadable } from './problems.ts';

const answerTimeoutMs = 15_000;
const answerBytesMax = 64 * 1024 * 1024;

/** Which control plane is meant, by the words of a command. */
export const controlPlaneOptions = {
  'control-plane': { type: 'string' },
  'key-file': { type: 'string' },
} as const;

/** Where a control plane is, and what opens it. */
export interface ControlPlanePlace {
  readonly address: string;
  readonly key: string | undefined;
}

/** @throws CLI_USAGE where the key cannot be read. */
export async function readControlPlane(
  words: { readonly [Name in keyof typeof controlPlaneOptions]?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): Promise<ControlPlanePlace> {
  const address = words['control-plane'] ?? env.LOADLINE_CONTROL_PLANE ?? 'http://127.0.0.1:7070';
  const file = words['key-file'];
  // Empty is what `$(cat FILE)` gives where there is no such file.
  if (file === undefined) return { address, key: env.LOADLINE_KEY || undefined };
  const key = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException): never => {
    const said = `Cannot ask the control plane: --key-file ${file} cannot be read: ${whyUnreadable(cause)}.`;
    throw cliError('CLI_USAGE', said, { cause });
  });
  if (key.trim() === '')
    throw cliError('CLI_USAGE', `Cannot ask the control plane: --key-file ${file} is empty.`);
  return { address, key: key.trim() };
}

interface Asked {
  readonly key: string | undefined;
  readonly signal: AbortSignal;
  /** Default GET. */
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: object;
}

/**
 * Asks a control plane, and gives its JSON.
 *
 * @throws CLI_CONTROL_PLANE where it does not answer, refuses, or answers something else.
 */
export async function askControlPlane(address: string, path: string, asked: Asked): Promise<unknown> {
  if (!URL.canParse(path, address) || !/^https?:$/.test(new URL(address).protocol))
    throw failed(address, `it is no address, like http://127.0.0.1:7070`);
  const response = await send(new URL(path, address), asked);
  const text = await response.text();
  if (text.length > answerBytesMax) throw failed(address, 'its answer is too large');
  const answer = parseOrUndefined(text);
  if (response.ok && answer !== undefined) return answer;
  const detail = (answer as { readonly detail?: unknown } | undefined)?.detail;
  const said = typeof detail === 'string' ? withoutEnd(detail) : 'it gave no reason';
  const hint = response.status === 401 ? '; give a key in LOADLINE_KEY or by --key-file' : '';
  throw failed(address, `it answered ${response.status}: ${said}${hint}`);
}

async function send(url: URL, { key, signal, method = 'GET', body }: Asked): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      // A key is for whoever was named, not for whoever that one names.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]),
    });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw failed(
      url.origin,
      whyUnreached(cause, '`loadline serve` starts one, and --control-plane says where another is'),
    );
  }
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function failed(address: string, said: string): Error {
  return cliError('CLI_CONTROL_PLANE', ended(`Cannot ask the control plane at ${address}: ${said}`));
}

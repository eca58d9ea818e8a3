import { cliError } from './errors.ts';

const answerTimeoutMs = 15_000;
const answerBytesMax = 64 * 1024 * 1024;

/**
 * Asks a control plane something that is only read, and gives its JSON.
 *
 * @throws CLI_CONTROL_PLANE where it does not answer, refuses the key, or answers something else.
 */
export async function askControlPlane(
  address: string,
  path: string,
  { key, signal }: { readonly key: string | undefined; readonly signal: AbortSignal },
): Promise<unknown> {
  if (!URL.canParse(path, address) || !/^https?:$/.test(new URL(address).protocol))
    throw failed(address, `it is no address, like http://127.0.0.1:7070`);
  const response = await send(new URL(path, address), { key, signal });
  const text = await response.text();
  if (text.length > answerBytesMax) throw failed(address, 'its answer is too large');
  const answer = parseOrUndefined(text);
  if (response.ok && answer !== undefined) return answer;
  const detail = (answer as { readonly detail?: unknown } | undefined)?.detail;
  const said = typeof detail === 'string' ? detail.replace(/[.\s]+$/, '') : 'it gave no reason';
  const hint = response.status === 401 ? '; give a key in LOADLINE_KEY or by --key-file' : '';
  throw failed(address, `it answered ${response.status}: ${said}${hint}`);
}

async function send(
  url: URL,
  { key, signal }: { readonly key: string | undefined; readonly signal: AbortSignal },
): Promise<Response> {
  try {
    return await fetch(url, {
      headers: {
        accept: 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
      // A key is for whoever was named, not for whoever that one names.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]),
    });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    const reason =
      cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause);
    throw failed(url.origin, reason);
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
  return cliError('CLI_CONTROL_PLANE', `Cannot ask the control plane at ${address}: ${said}.`);
}

import { readFileSync } from 'node:fs';
import { cliError } from './errors.ts';
import { whyUnreadable } from './problems.ts';

/** What agents and whoever conducts them must both know. */
export const tokenOption = { 'token-file': { type: 'string' } } as const;

/**
 * Reads the token from a file, or else from LOADLINE_AGENT_TOKEN; never from the command line, which every user of
 * a machine can read. It stands in no message.
 *
 * @throws CLI_USAGE
 */
export function readAgentToken(
  words: { readonly 'token-file'?: string | undefined },
  env: Readonly<Record<string, string | undefined>>,
): string {
  const file = words['token-file'];
  const token = (file === undefined ? env.LOADLINE_AGENT_TOKEN : readTokenFile(file))?.trim() ?? '';
  if (token.length >= lengthMin) return token;
  const where = file ?? 'LOADLINE_AGENT_TOKEN';
  const found =
    token === '' ? 'it is empty or not set' : `it has ${token.length} characters, and needs ${lengthMin}`;
  throw cliError(
    'CLI_USAGE',
    `Cannot use the token of ${where}: ${found}. Make one with \`openssl rand -hex 32\`, and give it to both sides.`,
  );
}

/** A token that can be guessed opens every agent. */
const lengthMin = 16;

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw cliError('CLI_USAGE', `Cannot read the token from ${file}: ${whyUnreadable(cause as Error)}.`, {
      cause,
    });
  }
}

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type AddressPolicy, judgeAddress } from '../base/index.ts';
import { loadError } from './errors.ts';

/**
 * Resolves a target's host once and holds every address that it has against the policy, so that nobody loads
 * a stranger by a typing error.
 *
 * @returns the address to connect to: the first that the resolver named.
 * @throws LOAD_TARGET_UNKNOWN, LOAD_TARGET_REFUSED.
 */
export async function resolveTarget(target: string, policy: AddressPolicy): Promise<string> {
  const host = new URL(target).hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) !== 0 ? [host] : await resolveName(host);
  for (const address of addresses) {
    const verdict = judgeAddress(address, host, policy);
    if (verdict.allowed) continue;
    const hint =
      verdict.kind === 'forbidden' ? '' : ` If the service is yours, allow it with --allow-host ${host}.`;
    throw loadError('LOAD_TARGET_REFUSED', `Cannot load ${target}: ${verdict.reason}.${hint}`, {
      facts: { host, address, kind: verdict.kind },
    });
  }
  return addresses[0] as string;
}

async function resolveName(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map((entry) => entry.address);
  } catch (cause) {
    throw loadError(
      'LOAD_TARGET_UNKNOWN',
      `Cannot load ${host}: its name does not resolve (${(cause as NodeJS.ErrnoException).code}). Check the name.`,
      {
        cause,
        facts: { host },
      },
    );
  }
}

import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import {
  type AddressKind,
  type AddressPolicy,
  judgeAddress,
  kindOfAddress,
  unbracketed,
} from 'loadline/base';

/** Gives the addresses of a name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export const resolveByMachine: Resolve = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

/** Gives what a name offers, each with its port: the records of kind SRV. */
export type ResolveService = (
  name: string,
) => Promise<readonly { readonly name: string; readonly port: number }[]>;

export const resolveServiceByMachine: ResolveService = (name) =>
  new Resolver({ timeout: 2000, tries: 2 }).resolveSrv(name);

export interface JudgedAddress {
  /** The one to connect to; nothing is resolved again. */
  readonly address: string;
  readonly kind: AddressKind;
  /** Whether the policy names it; what is public needs no word. */
  readonly isNamed: boolean;
}

/**
 * Resolves where somebody is who said it of themselves, and holds every address against the policy.
 *
 * @throws Error with what may be told to whoever asks: not which address a name has.
 */
export async function judgedAddressOf(
  url: URL,
  policy: AddressPolicy,
  resolve: Resolve,
): Promise<JudgedAddress> {
  const host = unbracketed(url.hostname);
  const addresses = isIP(host) === 0 ? await resolvedOr(resolve, host) : [host];
  for (const address of addresses) {
    const verdict = judgeAddress(address, host, withPublic(policy, address));
    if (verdict.allowed) continue;
    throw new Error(
      verdict.kind === 'forbidden'
        ? 'it has a link-local, metadata or multicast address, which is never allowed'
        : `it has a ${verdict.kind} address, which --allow-watch does not name`,
    );
  }
  const [address] = addresses;
  if (address === undefined) throw new Error('its name does not resolve');
  return { address, kind: kindOfAddress(address), isNamed: judgeAddress(address, host, policy).allowed };
}

/** Public addresses are open to be asked; it is those inside that need a word. */
function withPublic(policy: AddressPolicy, address: string): AddressPolicy {
  if (kindOfAddress(address) !== 'public') return policy;
  return { ...policy, allowHosts: [...(policy.allowHosts ?? []), address] };
}

async function resolvedOr(resolve: Resolve, host: string): Promise<readonly string[]> {
  try {
    return await resolve(host);
  } catch {
    throw new Error('its name does not resolve');
  }
}

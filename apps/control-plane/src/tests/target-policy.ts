import { type AddressPolicy, isLoadlineError } from 'loadline/base';
import type { ProtocolOptions } from 'loadline/load';
import { resolveRedirectHosts, resolveTarget } from 'loadline/load';
import { Problem } from '../problems/index.ts';

/** What load from here may go to. */
export interface TargetPolicy {
  readonly addresses: AddressPolicy;
  /** Hosts that are production: each test of one says so itself. */
  readonly productionHosts: readonly string[];
}

/** A target whose addresses were judged. */
export interface JudgedTarget {
  /** The one to connect to; nothing is resolved again. */
  readonly address: string;
  readonly protocol: ProtocolOptions;
}

/**
 * Resolves a target and holds its addresses against the policy, and those to which it may redirect.
 *
 * @throws CONTROL_PLANE_TARGET_REFUSED
 */
export async function judgeTarget(
  target: string,
  policy: TargetPolicy,
  resolve?: (host: string) => Promise<readonly string[]>,
): Promise<JudgedTarget> {
  const { addresses } = policy;
  try {
    const address = await resolveTarget(target, addresses, resolve);
    const redirectHosts = await resolveRedirectHosts(target, address, addresses, resolve);
    return { address, protocol: { protocol: 'http/1.1', redirectHosts } };
  } catch (error) {
    if (!isLoadlineError(error)) throw error;
    throw refusal(
      error.code === 'LOAD_TARGET_UNKNOWN' ? 'its name does not resolve' : reasonOf(error.facts.kind),
    );
  }
}

/** Which address a name has inside our network is nobody's business who may not load it. */
function reasonOf(kind: unknown): string {
  return kind === 'forbidden'
    ? 'it has a link-local, metadata or multicast address, which is never allowed'
    : `it has a ${String(kind)} address, which --allow-target of this control plane does not name`;
}

function refusal(reason: string): Problem {
  return new Problem('CONTROL_PLANE_TARGET_REFUSED', `The target cannot be loaded: ${reason}.`, {
    errors: [{ in: 'body', pointer: '/target', detail: reason }],
  });
}

/**
 * @param word what whoever asks spelt out.
 * @throws CONTROL_PLANE_PRODUCTION
 */
export function assertMeant(
  target: string,
  word: string | undefined,
  { productionHosts }: TargetPolicy,
): void {
  // A name with a last dot is the same host.
  const host = new URL(target).hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase();
  const isProduction = productionHosts.some((each) => each.toLowerCase() === host);
  if (!isProduction || word?.toLowerCase() === host) return;
  const detail = 'must be the host’s name, spelt out, because this target is marked as production';
  throw new Problem('CONTROL_PLANE_PRODUCTION', `/production ${detail}.`, {
    errors: [{ in: 'body', pointer: '/production', detail }],
  });
}

import type { AddressPolicy } from 'loadline/base';
import { judgedAddressOf, type Resolve } from './judged-address.ts';
import type { Watched } from './watched.ts';

/** What this machine's owner wrote down may be anywhere but where nobody may go. */
const ownPolicy: AddressPolicy = { allowLoopback: true, allowPrivate: true };

/**
 * Where one who is watched is connected to, and whether the key may go there: who only says of itself where it is gets none at
 * an address that nobody named.
 *
 * @throws Error with why it must not be asked, as part of a sentence.
 */
export async function addressOfWatched(
  watched: Watched,
  { policy, resolve }: { readonly policy: AddressPolicy; readonly resolve: Resolve },
): Promise<{ readonly address: string; readonly isTrusted: boolean }> {
  const isOurs = watched.source !== 'registered';
  const { address: known } = watched;
  // A name that was written down says nothing of the address that it has got since.
  const resolved: Resolve = known === undefined ? resolve : async () => [known];
  const { address, isNamed } = await judgedAddressOf(watched.url, isOurs ? ownPolicy : policy, resolved);
  return { address, isTrusted: isOurs || isNamed };
}

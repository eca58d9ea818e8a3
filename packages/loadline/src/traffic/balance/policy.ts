import { pickByAddress } from './address-hash.ts';
import type { Picker } from './candidate.ts';
import { pickLeastConnections } from './least-connections.ts';
import { pickInTurn } from './round-robin.ts';
import { pickOfTwo } from './two-choices.ts';

/** How the next upstream is chosen; each goes by the weights too. */
export type BalancePolicy = 'round robin' | 'least connections' | 'address hash' | 'two choices';

/** All of them, for whoever reads one. */
export const balancePolicies: readonly BalancePolicy[] = [
  'round robin',
  'least connections',
  'address hash',
  'two choices',
];

export function pickerOf(policy: BalancePolicy): Picker {
  return pickers[policy];
}

const pickers: Readonly<Record<BalancePolicy, Picker>> = {
  'round robin': pickInTurn,
  'least connections': pickLeastConnections,
  'address hash': pickByAddress,
  'two choices': pickOfTwo,
};

import { formatPath, parse } from '../../base/index.ts';
import type { ScaledObjectRef } from './messages.ts';

/** What a trigger of KEDA says to us: the group that is meant. */
export interface TriggerMetadata {
  readonly group: string;
}

/** What KEDA reads of it itself, and sends along. */
const keysOfKeda = [
  ...['scalerAddress', 'enableTLS', 'unsafeSsl', 'tlsCertFile'],
  ...['caCert', 'tlsClientCert', 'tlsClientKey'],
] as const;

/** Reads the `metadata` of a trigger; all that is wrong with it in one sentence where it is. Pure. */
export function readTriggerMetadata({ metadata }: ScaledObjectRef): TriggerMetadata | string {
  const parsed = parse(Object.fromEntries(metadata), (root) => {
    const trigger = root.object(['group', ...keysOfKeda]);
    return { group: trigger.required('group').string() };
  });
  if (parsed.ok) return parsed.value;
  return parsed.problems.map(({ path, message }) => `metadata.${formatPath(path)} ${message}`).join('; ');
}

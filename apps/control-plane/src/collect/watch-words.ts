import type { AddressPolicy, Field } from 'loadline/base';
import { formatDuration, parseDuration } from 'loadline/base';
import { isPostgresAddress } from 'loadline/postgres';
import { isValkeyAddress } from 'loadline/valkey';
import { readAddressPolicy } from '../hosts/index.ts';
import { type KubernetesWatch, readKubernetesWatch } from './kubernetes-words.ts';
import { type ListedService, parseListedUrl } from './listed-instances.ts';

/** What is to be watched, as it was given at the start. */
export interface WatchConfiguration {
  readonly services: readonly ListedService[];
  /** Absent: no pods are asked for. */
  readonly kubernetes?: KubernetesWatch | undefined;
  readonly postgres: readonly NamedServer[];
  readonly valkey: readonly NamedServer[];
  /** Where those may be that register; public addresses need no word. */
  readonly policy: AddressPolicy;
  readonly intervalMs: number;
}

export interface NamedServer {
  readonly service: string;
  readonly url: string;
}

const intervalMsMin = 1000;
const intervalMsMax = 60_000;
const listedMax = 200;

/** Reads `--watch`, `--watch-kubernetes`, `--watch-postgres`, `--watch-valkey`, `--allow-watch` and `--watch-every`. */
export function readWatch(root: Field): WatchConfiguration {
  const services = named(
    root.at('watch'),
    (url) => parseListedUrl(url) !== undefined,
    'http://127.0.0.1:8080',
  );
  return {
    services: services.flatMap(({ service, url }) => {
      const parsed = parseListedUrl(url);
      return parsed === undefined ? [] : [{ service, ...parsed }];
    }),
    kubernetes: readKubernetesWatch(root),
    postgres: named(root.at('watch-postgres'), isPostgresAddress, 'postgresql://user@host:5432/name'),
    valkey: named(root.at('watch-valkey'), isValkeyAddress, 'valkey://host:6379'),
    policy: readAddressPolicy(root.at('allow-watch')),
    intervalMs: readInterval(root.at('watch-every')),
  };
}

/** `NAME=URL`, many times. The address itself is not shown: it may hold a password. */
function named(field: Field, isAddress: (url: string) => boolean, example: string): readonly NamedServer[] {
  if (field.value === undefined) return [];
  const found = field.array((item) => {
    const text = item.string();
    const at = text.indexOf('=');
    const service = text.slice(0, at);
    const url = text.slice(at + 1);
    const isName = at > 0 && service.length <= 100 && !/[\p{C}/]/u.test(service);
    if (!isName || !isAddress(url)) item.problem(`must be a name and an address, like shop=${example}`);
    return { service, url };
  });
  if (found.length > listedMax) field.problem(`may be given at most ${listedMax} times`);
  return found;
}

function readInterval(field: Field): number {
  if (field.value === undefined) return 5000;
  const intervalMs = parseDuration(field.string());
  if (intervalMs !== undefined && intervalMs >= intervalMsMin && intervalMs <= intervalMsMax)
    return intervalMs;
  field.problem(
    `must be a duration from ${formatDuration(intervalMsMin)} to ${formatDuration(intervalMsMax)}, like 5s`,
  );
  return 5000;
}

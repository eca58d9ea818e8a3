import { unbracketed } from 'loadline/base';
import { hostOf, type Watched } from './watched.ts';

/**
 * Those that are known, each once, though it may be known in several ways: asked twice, it would count twice. Two are one when
 * their service has them under one name, or at one place. Whoever only says so of himself gives way; otherwise the first one
 * stays. Pure.
 */
export function oneOfEach(found: readonly Watched[]): readonly Watched[] {
  const taken = new Set<string>();
  const stays = new Set<Watched>();
  const [said, named] = [true, false].map((isSaid) =>
    found.filter(({ source }) => (source === 'registered') === isSaid),
  ) as [Watched[], Watched[]];
  for (const watched of [...named, ...said]) {
    const keys = keysOf(watched);
    if (keys.some((key) => taken.has(key))) continue;
    for (const key of keys) taken.add(key);
    stays.add(watched);
  }
  return found.filter((watched) => stays.has(watched));
}

function keysOf({ service, instance, url, address }: Watched): readonly string[] {
  const { protocol, hostname, pathname, search } = url;
  const port = hostOf(url).split(':').at(-1);
  // A name without an address may stand for anything.
  const host = address ?? unbracketed(hostname);
  return [
    JSON.stringify([service, instance]),
    JSON.stringify([service, protocol, host, port, pathname, search]),
  ];
}

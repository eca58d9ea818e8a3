import { isIP } from 'node:net';
import type { AddressPolicy, Field } from 'loadline/base';

/** Hosts, as they stand in an address. What names none would mean nothing, and nobody would notice. */
export function readHosts(field: Field): readonly string[] {
  return readEach(field, 'a host alone');
}

/** Where may be gone to: `loopback`, `private`, and hosts. */
export function readAddressPolicy(field: Field): AddressPolicy {
  const words = readEach(field, 'loopback, private, or a host alone');
  return {
    allowLoopback: words.includes('loopback'),
    allowPrivate: words.includes('private'),
    allowHosts: words.filter((word) => word !== 'loopback' && word !== 'private'),
  };
}

function readEach(field: Field, wanted: string): readonly string[] {
  if (field.value === undefined) return [];
  return field.array((item) => {
    const word = item.string();
    const host = hostOf(word);
    if (host === undefined) {
      const advice = `must be ${wanted}, without scheme, port or path, like shop.example.org`;
      item.problem(`${advice}, got ${JSON.stringify(word)}`);
    }
    return host ?? word;
  });
}

/** Without a last dot. */
function hostOf(word: string): string | undefined {
  const isAlone = isIP(word) !== 0 || /^[^\s:/?#@[\]\\]+$/.test(word);
  const url = `http://${isIP(word) === 6 ? `[${word}]` : word}`;
  if (!isAlone || !URL.canParse(url)) return undefined;
  return new URL(url).hostname.replace(/^\[|\]$|\.$/g, '');
}

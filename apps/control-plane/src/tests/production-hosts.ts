import { isIP } from 'node:net';
import type { Field } from 'loadline/base';

/** The hosts that are marked as production. What names none would mark nothing, and nobody would notice. */
export function readProductionHosts(field: Field): readonly string[] {
  if (field.value === undefined) return [];
  return field.array((item) => {
    const word = item.string();
    const host = hostOf(word);
    if (host === undefined) {
      const advice = 'must be a host alone, without scheme, port or path, like shop.example.org';
      item.problem(`${advice}, got ${JSON.stringify(word)}`);
    }
    return host ?? word;
  });
}

/** As it stands in an address, without a last dot. */
function hostOf(word: string): string | undefined {
  const isAlone = isIP(word) !== 0 || /^[^\s:/?#@[\]\\]+$/.test(word);
  const url = `http://${isIP(word) === 6 ? `[${word}]` : word}`;
  if (!isAlone || !URL.canParse(url)) return undefined;
  return new URL(url).hostname.replace(/^\[|\]$|\.$/g, '');
}

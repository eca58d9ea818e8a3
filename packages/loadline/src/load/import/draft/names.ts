/**
 * Names of saved values and of environment variables, made of what the value is called in an answer or a
 * header: `order_id` and `X-API-Key` become `orderId` and `X_API_KEY`.
 */

/** The words of a name: `orderId`, `order_id`, `Order-ID` and `order id` are all `order`, `id`. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
}

/** A name for a saved value; never empty. */
export function variableName(words: readonly string[]): string {
  const [first = 'value', ...rest] = words;
  const name = [first, ...rest.map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)].join('');
  return (/^[a-z]/.test(name) ? name : `value${name}`).slice(0, nameLengthMax);
}

/** A name for an environment variable; never empty. */
export function environmentName(words: readonly string[]): string {
  const name = words.join('_').toUpperCase().slice(0, nameLengthMax);
  return /^[A-Z]/.test(name) ? name : `SECRET${name === '' ? '' : `_${name}`}`;
}

const nameLengthMax = 40;

/** `orders` → `order`, `categories` → `category`, `boxes` → `box`; anything else stays as it is. */
export function singular(word: string): string {
  if (/ies$/.test(word) && word.length > 4) return `${word.slice(0, -3)}y`;
  if (/(?:s|x|z|ch|sh)es$/.test(word)) return word.slice(0, -2);
  return /[^su]s$/.test(word) && word.length > 3 ? word.slice(0, -1) : word;
}

/** Gives each name once: the second `orderId` is `orderId2`. */
export function uniqueNames(separator = ''): (wish: string) => string {
  const given = new Set<string>();
  const next = new Map<string, number>();
  return (wish) => {
    let name = wish;
    let number = next.get(wish) ?? 2;
    for (; given.has(name); number++) name = `${wish}${separator}${number}`;
    next.set(wish, number);
    given.add(name);
    return name;
  };
}

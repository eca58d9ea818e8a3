/**
 * The parts of addresses that nobody else may read: passwords and what stands in a query, as written and as
 * meant. Shorter ones are words that stand elsewhere too, and no secrets.
 */
export function secretsOf(addresses: readonly (string | URL | undefined)[]): string[] {
  const secrets = addresses.flatMap((address) => {
    const url = address === undefined ? null : URL.parse(address);
    if (url === null) return [];
    const passwords = [url.password, decoded(url.password)].filter(({ length }) => length >= 4);
    const queries = [url.search.slice(1), ...url.searchParams.values()].filter(({ length }) => length >= 8);
    return [...passwords, ...queries];
  });
  // The longest first, so that one that is a part of another leaves nothing of it over.
  return secrets.toSorted((a, b) => b.length - a.length);
}

/** The text with stars in the place of secrets. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

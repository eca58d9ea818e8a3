/**
 * Plain data with stars in the place of secrets, in its texts and in the names that people gave: what a server
 * echoes, or a name is made of, must not carry a password into a result. What is shorter than four characters is a
 * word that stands elsewhere too, and no secret.
 */
export function withoutSecrets<Value>(value: Value, secrets: readonly string[]): Value {
  const forms = new Set(secrets.filter((secret) => secret.length >= 4).flatMap(formsOf));
  // The longest first, so that one that is a part of another leaves nothing of it over.
  const longestFirst = [...forms].toSorted((a, b) => b.length - a.length);
  return longestFirst.length === 0 ? value : (redact(value, '', longestFirst) as Value);
}

/** As it is, as it stands in an address, and as it stands in JSON. */
function formsOf(secret: string): string[] {
  return [secret, encodeURIComponent(secret.toWellFormed()), JSON.stringify(secret).slice(1, -1)];
}

/** What is read by machines: a secret that happens to be one of its words must not make it unreadable. */
const fixedTexts: ReadonlySet<string> = new Set([
  'schema',
  'startedAt',
  'status',
  'verdict',
  'latencyHistogram',
  'serviceHistogram',
]);

/** Of all keys, those within these were given by people. */
const namesWithin: ReadonlySet<string> = new Set(['failedByName', 'cutShortBecause']);

function redact(value: unknown, key: string, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return fixedTexts.has(key) ? value : redactText(value, secrets);
  if (Array.isArray(value)) return value.map((each) => redact(each, key, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      namesWithin.has(key) ? redactText(name, secrets) : name,
      redact(each, name, secrets),
    ]),
  );
}

function redactText(text: string, secrets: readonly string[]): string {
  return secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text);
}

/**
 * Plain data with stars in the place of secrets, in its texts and its keys: what a server echoes, or a name is
 * made of, must not carry a password into a result. What is shorter than four characters is a word that stands
 * elsewhere too, and no secret.
 */
export function withoutSecrets<Value>(value: Value, secrets: readonly string[]): Value {
  const longestFirst = secrets.filter((secret) => secret.length >= 4).toSorted((a, b) => b.length - a.length);
  return longestFirst.length === 0 ? value : (redact(value, longestFirst) as Value);
}

function redact(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return redactText(value, secrets);
  if (Array.isArray(value)) return value.map((each) => redact(each, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [redactText(key, secrets), redact(each, secrets)]),
  );
}

function redactText(text: string, secrets: readonly string[]): string {
  return secrets.reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text);
}

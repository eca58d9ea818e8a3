/**
 * Plain data with stars in the place of secrets, in its texts and in the names that people gave: what a server
 * echoes, or a name is made of, must not carry a password into a result. What is shorter than four characters is a
 * word that stands elsewhere too, and no secret.
 */
export function withoutSecrets<Value>(value: Value, secrets: readonly string[]): Value {
  const hidden = secrets.filter((secret) => secret.length >= lengthMin);
  return hidden.length === 0 ? value : (redact(value, '', redactorOf(hidden)) as Value);
}

const lengthMin = 4;

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

type Redactor = (text: string) => string;

function redact(value: unknown, key: string, redactText: Redactor): unknown {
  if (typeof value === 'string') return fixedTexts.has(key) ? value : redactText(value);
  if (Array.isArray(value)) return value.map((each) => redact(each, key, redactText));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      namesWithin.has(key) ? redactText(name) : name,
      redact(each, name, redactText),
    ]),
  );
}

function redactorOf(secrets: readonly string[]): Redactor {
  const forms = longestFirst(secrets.flatMap(formsOf));
  const encoded = longestFirst(secrets.flatMap(base64FormsOf));
  // A host has no upper case, and a server may shout.
  const whole = new RegExp(anyOf(forms), 'gi');
  // At its ends, base64 mixes the secret with its neighbours.
  const wholeEncoded = new RegExp(`[\\w+/-]?(?:${anyOf(encoded)})[\\w+/-]?={0,2}`, 'g');
  const lowerForms = forms.map((form) => form.toLowerCase());
  return (text) => {
    const cleaned = text.replace(whole, stars).replace(wholeEncoded, stars);
    return withoutCut(cleaned, (before) =>
      Math.max(begunIn(before.toLowerCase(), lowerForms), begunIn(before, encoded)),
    );
  };
}

const stars = '***';

/** The longest first, so that one that is a part of another leaves nothing of it over. */
function longestFirst(forms: readonly string[]): string[] {
  return [...new Set(forms)].toSorted((a, b) => b.length - a.length);
}

function anyOf(forms: readonly string[]): string {
  return forms.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|');
}

/** As it is, as it stands in an address, a form and JSON, and as an answer is quoted, byte by byte. */
function formsOf(secret: string): string[] {
  const quoted = Buffer.from(secret)
    .toString('latin1')
    .replace(/[^\x20-\x7e]/g, '·');
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    new URLSearchParams({ '': secret }).toString().slice(1),
    ...[secret, quoted].map((text) => JSON.stringify(text).slice(1, -1)),
  ];
}

/** In base64, what a text looks like hangs on where it begins among three bytes: of each, what is the secret's alone. */
function base64FormsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [0, 1, 2].map((ahead) =>
    Buffer.concat([Buffer.alloc(ahead), bytes])
      .toString('base64')
      .slice(Math.ceil((ahead * 8) / 6), Math.floor(((ahead + bytes.length) * 8) / 6)),
  );
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}

/**
 * A quotation of an answer is cut, and so is a long message: there the beginning of a secret may stand alone.
 *
 * @param begun how many characters at the end of a text are the beginning of a secret.
 */
function withoutCut(text: string, begun: (before: string) => number): string {
  const pieces = text.split('"');
  const isLong = text.length >= longText;
  return pieces
    .map((piece, index) => {
      if (index === pieces.length - 1 && !isLong) return piece;
      const count = begun(piece);
      return count === 0 ? piece : `${piece.slice(0, -count)}${stars}`;
    })
    .join('"');
}

/** What was thrown in a scenario is cut here. */
const longText = 200;

function begunIn(text: string, forms: readonly string[]): number {
  for (let count = Math.min(text.length, longText); count >= lengthMin; count--) {
    const end = text.slice(-count);
    if (forms.some((form) => form.startsWith(end))) return count;
  }
  return 0;
}

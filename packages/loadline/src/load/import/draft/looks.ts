import { wordsOf } from './names.ts';

/**
 * Whether a value is secret, by its name or by how it looks. When in doubt it is: to set an environment
 * variable is a small price.
 */

/** Whether what stands under a name is secret: `password`, `apiKey`, `X-Auth-Token`, but not `token_type`. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  if (words.length === 0 || describing.has(words.at(-1) as string)) return false;
  if (words.some((word) => secretWords.has(word) || secretEnds.test(word))) return true;
  return words.some((word, at) => word === 'key' && keyKinds.has(words[at - 1] ?? ''));
}

const secretWords: ReadonlySet<string> = new Set(
  'auth authorization credential credentials csrf cvc cvv jwt otp pass passphrase pin pwd sid sig signature totp xsrf'.split(
    ' ',
  ),
);
/** Also of words that nobody parted: `csrfmiddlewaretoken`, `phpsessid`. */
const secretEnds = /(?:password|passwd|secret|token|apikey|accesskey|session|sess|sessid|sessionid)$/;
const keyKinds: ReadonlySet<string> = new Set(
  'api access private secret license auth account subscription functions'.split(' '),
);

/** `token_type: bearer` and `passwordLength: 12` tell of a secret, and are none. */
const describing: ReadonlySet<string> = new Set(
  `type count length limit expiry expires in at url uri enabled required method provider hint policy
  mode status scheme`.split(/\s+/),
);

/** Whether a value is a secret whatever its name. */
export function looksSecret(value: string): boolean {
  return secretsWithin(value)[0] === value || isOpaque(value);
}

/** The secrets that a longer text holds: tokens in a known form, and what is named as one. */
export function secretsWithin(text: string): string[] {
  if (text.length < 8) return [];
  const known = [...text.matchAll(knownForms)].map(([found]) => found);
  const named = [...text.matchAll(namedForms)].map((match) => (match[1] ?? match[2] ?? match[3]) as string);
  return [...known, ...named];
}

/** Formats that their makers gave a mark, so that they be found: JSON web tokens, keys of the large services. */
const knownForms =
  /\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*|\b(?:sk|pk|rk)_(?:live|test)_\w{10,}|\bsk-[\w-]{20,}|\bgh[opsur]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{15,}|\bxox[abeoprs]-[\w-]{10,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{30,}|\bya29\.[\w.-]{10,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bnpm_\w{30,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/** `Bearer …`, `https://user:password@host`, `token=…`, `password: "…"`, `<password>…`. */
const namedForms =
  /\b(?:bearer|basic)\s+([\w.~+/=-]{8,})|\/\/[^\s/:@]{0,200}:([^\s/@]{1,200})@|(?<!\/)(?:password|passwd|pwd|passphrase|secret|token|api[_-]?key)["']?\s{0,5}[=:>]\s{0,5}["']?([^\s"'&;,<>]{4,})/gi;

/** A long run of letters and digits that nobody made up: 32 hexadecimal digits, or all of upper, lower and digits. */
function isOpaque(value: string): boolean {
  if (value.length < 32 || value.length > 2048 || isUuid(value)) return false;
  // With slashes it may be a path, unless it has what only base64 has.
  if (!/^[\w+=~-]+$/.test(value) && !/^(?=.*[+=])[\w+/=]+$/.test(value)) return false;
  return /^[0-9a-f]+$/i.test(value)
    ? !/^\d+$/.test(value)
    : /[A-Z]/.test(value) && /[a-z]/.test(value) && /\d/.test(value);
}

export function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

import { jwtVerify, SignJWT } from 'jose';
import { isUuid } from './formats.ts';

/** Who asks, as a valid token says. */
export interface Identity {
  /** In lower case. */
  readonly userId: string;
  readonly roles: readonly string[];
}

export interface TokenOptions {
  readonly userId: string;
  /** `admin` is the only one that means something. Default none. */
  readonly roles?: readonly string[];
  /** At least 32 bytes, shared by whoever issues tokens and every instance of the service. */
  readonly secret: string;
  /** Default a day. */
  readonly lifetimeMs?: number;
}

const issuer = 'foodshare';
const algorithm = 'HS256';
/** RFC 7518, section 3.2: a key of HMAC-SHA-256 has at least the size of its output. */
const secretBytesMin = 32;

/** Signs a JSON Web Token for a user; the service itself never does. */
export async function issueToken(options: TokenOptions): Promise<string> {
  const { userId, roles = [], lifetimeMs = 86_400_000 } = options;
  return await new SignJWT({ roles })
    .setProtectedHeader({ alg: algorithm })
    .setIssuer(issuer)
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime(new Date(Date.now() + lifetimeMs))
    .sign(secretKey(options.secret));
}

/**
 * Makes the check of tokens. The algorithm is pinned, so a token can't choose "none" or a weaker one, and a token
 * without an end is refused. Answers undefined for whatever isn't a token of ours.
 *
 * A signature is checked once: the last 20,000 good tokens are remembered until they expire, because a person
 * sends the same one with every request and checking costs more than finding.
 */
export function createTokenVerifier(secret: string): (token: string) => Promise<Identity | undefined> {
  const key = secretKey(secret);
  const known = new Map<string, { readonly identity: Identity; readonly endMs: number }>();
  return async (token) => {
    const found = known.get(token);
    if (found !== undefined && Date.now() < found.endMs) return found.identity;
    known.delete(token);
    const verified = await verify(token, key);
    if (verified === undefined) return undefined;
    if (known.size >= knownMax) known.delete(known.keys().next().value as string);
    known.set(token, verified);
    return verified.identity;
  };
}

const knownMax = 20_000;

async function verify(
  token: string,
  key: Uint8Array,
): Promise<{ readonly identity: Identity; readonly endMs: number } | undefined> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [algorithm],
      issuer,
      requiredClaims: ['sub', 'exp'],
    });
    const { sub, exp, roles } = payload;
    if (sub === undefined || exp === undefined || !isUuid(sub)) return undefined;
    const named = Array.isArray(roles) ? roles.filter((role) => typeof role === 'string') : [];
    // As the database spells it, so that comparing two ids here means what it means there.
    return { identity: { userId: sub.toLowerCase(), roles: named }, endMs: exp * 1000 };
  } catch {
    // Why a token is bad is nobody's business but its owner's, and they can read it themselves.
    return undefined;
  }
}

function secretKey(secret: string): Uint8Array {
  const key = new TextEncoder().encode(secret);
  if (key.length >= secretBytesMin) return key;
  throw new RangeError(`The token secret needs at least ${secretBytesMin} bytes, got ${key.length}.`);
}

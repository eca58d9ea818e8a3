/** Signed tokens, by which the service of the benchmark `observe` knows who asks; about what a JSON Web Token is. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const secret = 'what signs tokens in a benchmark';

export function signToken(user: string): string {
  const payload = Buffer.from(JSON.stringify({ sub: user, exp: 4_102_444_800 })).toString('base64url');
  return `${payload}.${signatureOf(payload).toString('base64url')}`;
}

/** The user of an `Authorization` header; undefined where it is not signed by us, or out of date. */
export function userOfToken(header: string | undefined): string | undefined {
  const [payload = '', signature = ''] = (header ?? '').replace('Bearer ', '').split('.');
  const found = Buffer.from(signature, 'base64url');
  const right = signatureOf(payload);
  if (found.length !== right.length || !timingSafeEqual(found, right)) return undefined;
  const { sub, exp } = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return exp * 1000 > Date.now() ? sub : undefined;
}

function signatureOf(payload: string): Buffer {
  return createHmac('sha256', secret).update(payload).digest();
}

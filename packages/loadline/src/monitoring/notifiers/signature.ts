import { createHmac, timingSafeEqual } from 'node:crypto';

/** What is signed: the message's name, the second at which it is sent, and its body as it goes over the wire. */
export interface SignedMessage {
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: string;
}

/**
 * Signs a message as Standard Webhooks 1.0 asks (https://www.standardwebhooks.com): HMAC-SHA256 of `id.timestamp.body`.
 *
 * @param secret as text, or as base64 behind `whsec_`.
 * @returns the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.
 */
export function signMessage(message: SignedMessage, secret: string): Readonly<Record<string, string>> {
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestampSeconds),
    'webhook-signature': `v1,${signatureOf(message, secret).toString('base64')}`,
  };
}

/**
 * Whether a received message comes from whoever has the secret, and is not older or newer than `toleranceMs` (5
 * minutes by default): for receivers written in TypeScript. Takes as long for a wrong signature as for a right one.
 *
 * @param headers by lower-case names, as Node's http gives them.
 */
export function isSignatureValid(
  received: {
    readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
    readonly body: string;
    readonly nowMs: number;
    readonly toleranceMs?: number;
  },
  secret: string,
): boolean {
  const { headers, body, nowMs, toleranceMs = 300_000 } = received;
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => headers[name],
  );
  if (typeof id !== 'string' || typeof signatures !== 'string') return false;
  if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp)) return false;
  const timestampSeconds = Number(timestamp);
  if (Math.abs(nowMs - timestampSeconds * 1000) > toleranceMs) return false;
  const wanted = signatureOf({ id, timestampSeconds, body }, secret);
  return signatures.split(' ').some((each) => isEqual(each, wanted));
}

function isEqual(written: string, wanted: Buffer): boolean {
  const found = Buffer.from(written.replace(/^v1,/, ''), 'base64');
  return written.startsWith('v1,') && found.length === wanted.length && timingSafeEqual(found, wanted);
}

function signatureOf({ id, timestampSeconds, body }: SignedMessage, secret: string): Buffer {
  return createHmac('sha256', keyOf(secret)).update(`${id}.${timestampSeconds}.${body}`).digest();
}

/** The bytes of a secret. */
export function keyOf(secret: string): Buffer {
  return secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret);
}

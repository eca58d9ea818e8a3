import { scrypt } from 'node:crypto';
import type { ConnectionOptions, TlsOptions } from 'node:tls';
import { promisify } from 'node:util';

/**
 * The key of a connection between agents and whoever conducts them, made of the token that both know. To try a
 * token costs a tenth of a second and 32 MiB, so that a short one is not found by trying.
 */
export async function deriveKey(token: string): Promise<Buffer> {
  const slowly = promisify<string, string, number, object, Buffer>(scrypt);
  return await slowly(token, identity, 32, { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 });
}

/** What both sides call the key. It is seen on the wire, and changes when the protocol does. */
const identity = 'loadline-agent/1';

/**
 * TLS 1.3 by the key alone (an external PSK, RFC 8446, section 2.2), with a fresh key exchange: who learns the token
 * later reads nothing of what was recorded before. docs/decisions/0010-agents-by-a-key-that-both-know.md.
 */
const protocol = {
  minVersion: 'TLSv1.3',
  // Those whose hash is that of an external key.
  ciphers: 'TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256',
} as const;

export function conductorTls(key: Buffer): TlsOptions {
  return {
    ...protocol,
    handshakeTimeout: handshakeLimitMs,
    pskCallback: (_, claimed) => (claimed === identity ? key : null),
  };
}

export function agentTls(key: Buffer): ConnectionOptions {
  return {
    ...protocol,
    pskCallback: () => ({ psk: key, identity }),
    // Asked only where the other side did not use the key, but shows a certificate: whatever it says, it is a stranger.
    checkServerIdentity: () => new Error('it shows a certificate instead of using the token'),
  };
}

export const handshakeLimitMs = 5000;

/** Why somebody was not let in, for the one who conducts. */
export function whyNotLetIn({ code }: NodeJS.ErrnoException): string {
  if (code === 'ERR_SSL_BINDER_DOES_NOT_VERIFY') return 'it has another token';
  if (code === 'ERR_TLS_HANDSHAKE_TIMEOUT')
    return `it did not show within ${handshakeLimitMs / 1000} s that it knows the token`;
  return `it is no agent of this version (${code ?? 'it hung up'})`;
}

/**
 * Why an agent was not let in; undefined where trying again can help, as when nobody listens yet.
 */
export function whyRefused({ code, message }: NodeJS.ErrnoException): string | undefined {
  if (code === 'ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR')
    return 'the token is not the one that it was started with';
  if (code?.startsWith('ERR_SSL_') === true)
    return `what listens there conducts no run of this version (${code})`;
  if (message.includes('certificate')) return `what listens there conducts no run: ${message}`;
  return undefined;
}

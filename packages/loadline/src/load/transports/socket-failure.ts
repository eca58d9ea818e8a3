import type { FailureReason } from './transport.ts';

/** What a socket's error means to whoever waits for an answer. */
export function reasonOf(error: NodeJS.ErrnoException): FailureReason {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOTFOUND':
      return 'unreachable';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'EMFILE':
    case 'ENFILE':
    case 'EADDRNOTAVAIL':
      return 'exhausted';
    default:
      return /^ERR_(TLS|SSL)|CERT|^EPROTO$|^UNABLE_TO_VERIFY/.test(error.code ?? '') ? 'tls' : 'internal';
  }
}

/** The same for people. */
export function messageOf(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'nobody listens at the target';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the target reset the connection';
    default:
      return opensslReason(error.message) ?? error.message;
  }
}

/** OpenSSL's own words are the fifth of what it says: `C0A7…:error:0A00010B:SSL routines:…:wrong version number:…`. */
function opensslReason(message: string): string | undefined {
  return /\berror:[\dA-F]+:[^:]*:[^:]*:([^:\n]+)/i.exec(message)?.[1];
}

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, getCACertificates } from 'node:tls';
import { unbracketed } from '../../base/index.ts';
import type { Source } from './source-ports.ts';

/** Where connections go, and whom they trust. */
export interface DialOptions {
  /** `http://host:port/base` or `https://…`. */
  readonly target: URL;
  /** The address that the host was resolved to and judged: no second resolution can lead elsewhere. */
  readonly address: string;
  /** Accepts certificates that no known authority has signed. Default false. */
  readonly allowsUntrusted?: boolean;
  /** Authorities to trust besides the known ones, as PEM. */
  readonly ca?: string;
}

/**
 * Makes the function that opens one more connection to a target. A socket of a TLS target is ready at its
 * `secureConnect`, any other at its `connect`.
 *
 * @param source names the port that a connection comes from; default the kernel chooses.
 * @param protocols what TLS offers to speak (ALPN, RFC 7301), the dearest first.
 */
export function createDial(
  options: DialOptions,
  protocols: readonly string[],
  source: () => Source | undefined = () => undefined,
): () => Socket {
  const { target, address, allowsUntrusted, ca } = options;
  if (target.protocol !== 'https:') {
    return () => connectTcp({ host: address, port: Number(target.port) || 80, noDelay: true, ...source() });
  }
  const name = unbracketed(target.hostname);
  // Made once: to read the hundred and more authorities of a machine takes longer than to connect.
  const secureContext = createSecureContext(ca === undefined ? {} : { ca: [...getCACertificates(), ca] });
  return () => {
    const socket = connectTls({
      host: address,
      port: Number(target.port) || 443,
      ...source(),
      // A certificate is held against the name, and where that is an address, which no server name may be
      // (RFC 6066, section 3), against the address.
      ...(isIP(name) === 0 ? { servername: name } : {}),
      secureContext,
      ALPNProtocols: [...protocols],
      rejectUnauthorized: allowsUntrusted !== true,
    });
    return socket.setNoDelay(true);
  };
}

import { isIP } from 'node:net';

/** Where something listens. */
export interface ListenPlace {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
}

/** Reads `8080`, which is of 127.0.0.1, `0.0.0.0:8080` or `[::1]:8080`; port 0 is any free one. Undefined where it is none of these. */
export function parseListenPlace(text: string): ListenPlace | undefined {
  const [, bracketed, bare, digits] = /^(?:(?:\[([\d:a-f]+)\]|([\d.]+)):)?(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? bare ?? '127.0.0.1';
  const port = Number(digits ?? Number.NaN);
  return isIP(host) !== 0 && port <= 65_535 ? { host, port } : undefined;
}

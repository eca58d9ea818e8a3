/** A host as it stands in an address, before a colon and a port: one of IPv6 has colons of its own, and is in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** A host as it is connected to: what `URL` gives as `hostname`, without the brackets. */
export function unbracketed(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}

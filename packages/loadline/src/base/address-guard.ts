import { BlockList, isIP } from 'node:net';

/**
 * Which addresses may be reached. The policy belongs to whoever asks: the command line allows loopback and
 * private ranges, a server only its own list. Link-local and cloud metadata addresses are never allowed, not
 * even by name, because a name that resolves there is how a server is made to betray its credentials.
 */
export interface AddressPolicy {
  /** 127.0.0.0/8 and ::1. Default false. */
  readonly allowLoopback?: boolean;
  /** 10/8, 172.16/12, 192.168/16, 100.64/10 and fc00::/7. Default false. */
  readonly allowPrivate?: boolean;
  /** Names and addresses that are allowed whatever they resolve to, but for what is never allowed. */
  readonly allowHosts?: readonly string[];
}

/** Whether an address may be reached; if not, why, for people: `db (10.0.0.7) is a private address, which is not allowed here`. */
export type AddressVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly kind: AddressKind; readonly reason: string };

/**
 * `loopback` and `private` can be allowed as a whole, `public` by name alone. `forbidden` is never allowed: unspecified, link-local,
 * multicast, broadcast and metadata addresses. `invalid` is no IP address.
 */
export type AddressKind = 'loopback' | 'private' | 'public' | 'forbidden' | 'invalid';

/**
 * Judges an address that a name resolved to. Ask after resolution and connect to the judged address, since a
 * second resolution may answer otherwise.
 *
 * @param host the name as it was written, for `allowHosts`.
 */
export function judgeAddress(address: string, host: string, policy: AddressPolicy): AddressVerdict {
  const kind = kindOfAddress(address);
  const shown = host === address ? address : `${host} (${address})`;
  if (kind === 'invalid') return { allowed: false, kind, reason: `${shown} is not an IP address` };
  if (kind === 'forbidden') {
    return {
      allowed: false,
      kind,
      reason: `${shown} is a link-local, metadata or multicast address, which is never allowed`,
    };
  }
  const isNamed =
    policy.allowHosts?.some((allowed) => sameHost(allowed, host) || sameHost(allowed, address)) ?? false;
  const isAllowed =
    isNamed ||
    (kind === 'loopback' && policy.allowLoopback === true) ||
    (kind === 'private' && policy.allowPrivate === true);
  if (isAllowed) return { allowed: true };
  return { allowed: false, kind, reason: `${shown} is a ${kind} address, which is not allowed here` };
}

/** Into which range an address falls; an IPv4 address written as IPv6 counts as the IPv4 address it is. */
export function kindOfAddress(address: string): AddressKind {
  const plain = embeddedIpv4(unbracketed(address)) ?? unbracketed(address);
  const family = isIP(plain);
  if (family === 0) return 'invalid';
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (forbidden.check(plain, type)) return 'forbidden';
  if (loopback.check(plain, type)) return 'loopback';
  return privateRanges.check(plain, type) ? 'private' : 'public';
}

function ranges(...subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [address = '', prefix = ''] = subnet.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}

const loopback = ranges('127.0.0.0/8', '::1/128');
const privateRanges = ranges('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7');

/** Unspecified, link-local, multicast, broadcast; then the metadata addresses outside link-local. */
const forbidden = ranges(
  '0.0.0.0/8',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  'fe80::/10',
  'ff00::/8',
  'fd00:ec2::254/128',
  '100.100.100.200/32',
  '192.0.0.192/32',
);

/** The IPv4 address inside ::ffff:a.b.c.d (mapped) or 64:ff9b::a.b.c.d (NAT64), in either notation. */
function embeddedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const normal = new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1);
  const match = /^(?:::ffff:|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})$/.exec(normal);
  if (match === null) return undefined;
  const high = Number.parseInt(match[1] ?? '0', 16);
  const low = Number.parseInt(match[2] as string, 16);
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

function sameHost(a: string, b: string): boolean {
  return unbracketed(a).toLowerCase() === unbracketed(b).toLowerCase();
}

import { BlockList, isIP } from 'node:net';
import { parse } from '../../base/index.ts';
import type { GateRequest } from '../gate/gate.ts';
import { optionsError } from '../options-error.ts';

/**
 * Makes what tells the address of a request's client. Behind proxies of one's own that is the last address in
 * `X-Forwarded-For` that is none of theirs: what stands before it anybody may have written.
 *
 * @param proxies addresses and ranges of one's own proxies, `10.0.0.0/8`; none by default: then the connection's address holds.
 * @throws LoadlineError TRAFFIC_OPTIONS_INVALID
 */
export function clientAddress(proxies: readonly string[] = []): (request: GateRequest) => string | undefined {
  const own = new BlockList();
  for (const { address, prefix, family } of readRanges(proxies)) own.addSubnet(address, prefix, family);
  const isOwn = (address: string): boolean => {
    const family = isIP(address);
    return family !== 0 && own.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
  return (request) => {
    let address = plain(request.address);
    if (address === undefined || !isOwn(address)) return address;
    const hops = request.header('x-forwarded-for')?.split(',') ?? [];
    for (let hop = hops.pop(); hop !== undefined && isOwn(address); hop = hops.pop()) {
      const before = plain(hop.trim());
      // What is no address was not written by a proxy of ours.
      if (before === undefined || isIP(before) === 0) break;
      address = before;
    }
    return address;
  };
}

interface Range {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** A slip here is worse than none: `10.0.0.0/` would believe everybody. */
function readRanges(proxies: readonly string[]): Range[] {
  const parsed = parse({ proxies }, (root) =>
    root.at('proxies').array((entry): Range => {
      const text = entry.string();
      const [, address = '', digits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
      const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
      const whole = family === 'ipv4' ? 32 : 128;
      const prefix = digits === undefined ? whole : Number(digits);
      if (text !== '' && (isIP(address) === 0 || prefix > whole))
        entry.problem(`must be an IP address or a range like 10.0.0.0/8, got ${JSON.stringify(text)}`);
      return { address, prefix, family };
    }),
  );
  if (parsed.ok) return parsed.value;
  throw optionsError('tell the addresses of clients', parsed.problems);
}

/** An IPv4 address that came over a socket of IPv6 as what it is. */
function plain(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/, '');
}

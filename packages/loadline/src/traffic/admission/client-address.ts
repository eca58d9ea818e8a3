import { BlockList, isIP } from 'node:net';
import type { GateRequest } from '../gate/gate.ts';

/**
 * Makes what tells the address of a request's client. Behind proxies of one's own that is the last address in
 * `X-Forwarded-For` that is none of theirs: what stands before it anybody may have written.
 *
 * @param proxies addresses and ranges of one's own proxies, `10.0.0.0/8`; none by default: then the connection's address holds.
 */
export function clientAddress(proxies: readonly string[] = []): (request: GateRequest) => string | undefined {
  const own = new BlockList();
  for (const entry of proxies) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) own.addAddress(address, family);
    else own.addSubnet(address, Number(prefix), family);
  }
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

/** An IPv4 address that came over a socket of IPv6 as what it is. */
function plain(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.)/, '');
}

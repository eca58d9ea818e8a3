import { createHash, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import type { DoorRequest } from '../../traffic/index.ts';

/** Says whether a request may pass. */
export type Guard = (request: DoorRequest) => boolean;

/**
 * Lets pass who sends one of the keys as `Authorization: Bearer KEY`. Digests are compared, each with each, so that how
 * long it takes tells neither a key nor its length.
 */
export function keyGuard(keys: readonly string[]): Guard {
  const digests = keys.map(digestOf);
  return (request) => {
    const found = /^Bearer +(\S+) *$/i.exec(request.header('authorization') ?? '')?.[1];
    if (found === undefined) return false;
    const digest = digestOf(found);
    let isRight = false;
    for (const each of digests) isRight = timingSafeEqual(each, digest) || isRight;
    return isRight;
  };
}

/**
 * Lets pass who connects from one of the addresses or ranges. What a proxy hands on is from the proxy, whoever sent
 * it: such a request does not pass, whatever it says of its origin.
 */
export function addressGuard(addresses: readonly string[]): Guard {
  const list = new BlockList();
  for (const entry of addresses) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return (request) => {
    if (request.address === undefined || forwardedBy.some((name) => request.header(name) !== undefined))
      return false;
    const address = request.address.replace(/^::ffff:(?=\d+\.)/, '');
    const family = isIP(address);
    return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
}

const forwardedBy = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** Whether this is an IP address, or a range as `10.0.0.0/8`. */
export function isAddressRange(entry: string): boolean {
  const [address = '', prefix, ...more] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

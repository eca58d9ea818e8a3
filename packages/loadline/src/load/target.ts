import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { type AddressPolicy, judgeAddress, unbracketed } from '../base/index.ts';
import { loadError } from './errors.ts';
import type { RedirectHosts } from './transports/other-origins.ts';

/**
 * Resolves a target's host once and holds every address that it has against the policy, so that nobody loads
 * a stranger by a typing error. Of several addresses it takes the first that accepts a connection: `localhost`
 * is often ::1 and 127.0.0.1, and many services listen on only one of them.
 *
 * @param resolve gives a name's addresses; default this machine's resolver.
 * @returns the address to connect to.
 * @throws LOAD_TARGET_UNKNOWN, LOAD_TARGET_REFUSED.
 */
export async function resolveTarget(
  target: string,
  policy: AddressPolicy,
  resolve: (host: string) => Promise<readonly string[]> = resolveName,
): Promise<string> {
  const url = new URL(target);
  const addresses = await judgedAddresses(target, url, policy, resolve);
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  return (await firstThatAccepts(addresses, port)) ?? (addresses[0] as string);
}

/**
 * The addresses of the hosts to which a redirect may lead: the target's own, by another port or scheme, and those
 * that the policy names. They are judged before the run, so that nothing that a server answers makes this machine
 * look up a name.
 *
 * @throws LOAD_TARGET_UNKNOWN, LOAD_TARGET_REFUSED; LOAD_OPTIONS_INVALID for what is no host.
 */
export async function resolveRedirectHosts(
  target: string,
  address: string,
  policy: AddressPolicy,
  resolve: (host: string) => Promise<readonly string[]> = resolveName,
): Promise<RedirectHosts> {
  const hosts: Record<string, string> = { [new URL(target).hostname]: address };
  for (const name of policy.allowHosts ?? []) {
    const origin = `http://${isIP(name) === 6 ? `[${name}]` : name}`;
    if (!URL.canParse(origin) || new URL(origin).href !== `http://${new URL(origin).hostname}/`) {
      throw loadError(
        'LOAD_OPTIONS_INVALID',
        `Cannot allow ${JSON.stringify(name)}: it is no host. Give a name or an address without a port, as in --allow-host shop.example.org.`,
      );
    }
    const url = new URL(origin);
    if (Object.hasOwn(hosts, url.hostname)) continue;
    const addresses = await judgedAddresses(origin, url, policy, resolve);
    // Of which port nobody knows yet, so none can be tried: a service is most likely found where the target is.
    const nearest = addresses.find((each) => isIP(each) === isIP(address));
    hosts[url.hostname] = nearest ?? (addresses[0] as string);
  }
  return hosts;
}

/** Every address of a host, each of which the policy allows. */
async function judgedAddresses(
  target: string,
  url: URL,
  policy: AddressPolicy,
  resolve: (host: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const host = unbracketed(url.hostname);
  const addresses = isIP(host) !== 0 ? [host] : await resolve(host);
  for (const address of addresses) {
    const verdict = judgeAddress(address, host, policy);
    if (verdict.allowed) continue;
    const hint =
      verdict.kind === 'forbidden' ? '' : ` If the service is yours, allow it with --allow-host ${host}.`;
    throw loadError('LOAD_TARGET_REFUSED', `Cannot load ${target}: ${verdict.reason}.${hint}`, {
      facts: { host, address, kind: verdict.kind },
    });
  }
  return addresses;
}

async function firstThatAccepts(addresses: readonly string[], port: number): Promise<string | undefined> {
  if (addresses.length === 1) return addresses[0];
  for (const address of addresses) if (await accepts(address, port)) return address;
  return undefined;
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: acceptLimitMs });
    const end = (isOpen: boolean) => (): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', end(true)).once('timeout', end(false)).once('error', end(false));
  });
}

const acceptLimitMs = 1000;

async function resolveName(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map((entry) => entry.address);
  } catch (cause) {
    throw loadError(
      'LOAD_TARGET_UNKNOWN',
      `Cannot load ${host}: its name does not resolve (${(cause as NodeJS.ErrnoException).code}). Check the name.`,
      {
        cause,
        facts: { host },
      },
    );
  }
}

import type { Clock } from '../../base/index.ts';
import type { DialOptions } from './dial.ts';
import { createHttp1Transport, type Http1Options } from './http1.ts';
import { OtherOrigins, type RedirectHosts } from './other-origins.ts';
import { type LoadTransport, type SessionProtocol, type SessionTransport, withSessions } from './session.ts';
import { SourcePorts } from './source-ports.ts';
import type { Transport } from './transport.ts';

/** How a target is spoken to. Plain data, so that it can be told to other processes. */
export interface ProtocolOptions {
  /** Default `http/1.1`. */
  readonly protocol?: 'http/1.1' | 'h2';
  /** Takes certificates that no known authority has signed. Default false. */
  readonly allowsUntrusted?: boolean;
  /** Authorities to trust besides the known ones, as PEM. */
  readonly ca?: string;
  /** Hosts to which redirects may lead: `resolveRedirectHosts`. Default none but the target's own origin. */
  readonly redirectHosts?: RedirectHosts;
}

/** For how many users a generator opens connections, and which of several generators it is, from 0. */
export interface Crowd {
  readonly users: number;
  readonly generator: number;
  /** By what they connect besides their requests: `sessionProtocolsOf(plan)`. */
  readonly sessions: readonly SessionProtocol[];
}

/** With more connections than this the kernel's search for free ports begins to cost. */
const largeCrowd = 2000;

/**
 * Opens the transport for a target. What HTTP/2 and sessions need is only loaded where it is asked for.
 *
 * @param address the judged address of the target's host.
 */
export async function openTransport(
  target: string,
  address: string,
  { protocol, allowsUntrusted, ca, redirectHosts = {} }: ProtocolOptions,
  clock: Clock,
  crowd: Crowd,
): Promise<LoadTransport> {
  const options: OpenOptions = {
    target: new URL(target),
    address,
    clock,
    ...(allowsUntrusted === undefined ? {} : { allowsUntrusted }),
    ...(ca === undefined ? {} : { ca }),
  };
  const open = await openerOf(protocol);
  const others = new OtherOrigins(redirectHosts, (origin, address) =>
    open({ ...options, target: origin, address }),
  );
  const own = open({ ...options, ...sourcesFor(crowd, address) });
  const requests: LoadTransport = {
    open: (handler) => own.open(handler),
    elsewhere: (origin) => others.at(origin),
    close() {
      own.close();
      others.close();
    },
  };
  if (crowd.sessions.length === 0) return requests;
  const sessions: { [Protocol in SessionProtocol]?: SessionTransport } = {};
  for (const each of crowd.sessions) sessions[each] = await openSessions(each, options);
  return withSessions(requests, sessions);
}

type OpenOptions = DialOptions & { readonly clock: Clock };

async function openerOf(
  protocol: ProtocolOptions['protocol'],
): Promise<(options: Http1Options) => Transport> {
  return protocol === 'h2' ? (await import('./http2.ts')).createHttp2Transport : createHttp1Transport;
}

/** HTTP/2 shares connections, and so takes no notice. */
function sourcesFor({ users, generator }: Crowd, address: string): Pick<Http1Options, 'sources'> {
  return users > largeCrowd ? { sources: new SourcePorts(address, generator) } : {};
}

async function openSessions(protocol: SessionProtocol, options: OpenOptions): Promise<SessionTransport> {
  switch (protocol) {
    case 'websocket':
      return (await import('./websocket.ts')).createWebSocketTransport(options);
    case 'events':
      return (await import('./events.ts')).createEventsTransport(options);
  }
}

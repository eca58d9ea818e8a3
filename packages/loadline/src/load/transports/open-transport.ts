import type { Clock } from '../../base/index.ts';
import type { DialOptions } from './dial.ts';
import { createHttp1Transport } from './http1.ts';
import { SourcePorts } from './source-ports.ts';
import type { Transport } from './transport.ts';

/** How a target is spoken to. Plain data, so that it can be told to other processes. */
export interface ProtocolOptions {
  /** Default `http/1.1`. */
  readonly protocol?: 'http/1.1' | 'h2';
  readonly allowsUntrusted?: boolean;
  /** Authorities to trust besides the known ones, as PEM. */
  readonly ca?: string;
}

/** For how many users a generator opens connections, and which of several generators it is, from 0. */
export interface Crowd {
  readonly users: number;
  readonly generator: number;
}

/** With more connections than this the kernel's search for free ports begins to cost. */
const largeCrowd = 2000;

/**
 * Opens the transport for a target. What HTTP/2 needs is only loaded where it is asked for.
 *
 * @param address the judged address of the target's host.
 */
export async function openTransport(
  target: string,
  address: string,
  { protocol, allowsUntrusted, ca }: ProtocolOptions,
  clock: Clock,
  crowd: Crowd = { users: 0, generator: 0 },
): Promise<Transport> {
  const options: DialOptions & { readonly clock: Clock } = {
    target: new URL(target),
    address,
    clock,
    ...(allowsUntrusted === undefined ? {} : { allowsUntrusted }),
    ...(ca === undefined ? {} : { ca }),
  };
  if (protocol !== 'h2') {
    const isLarge = crowd.users > largeCrowd;
    return createHttp1Transport({
      ...options,
      ...(isLarge ? { sources: new SourcePorts(address, crowd.generator) } : {}),
    });
  }
  const { createHttp2Transport } = await import('./http2.ts');
  return createHttp2Transport(options);
}

import type { DoorAnswer, DoorRequest } from 'loadline/traffic';

/** A request as an adapter would hand it to a door. */
export function requestOf(
  of: {
    readonly method?: string;
    readonly url?: string;
    readonly headers?: Readonly<Record<string, string | undefined>>;
    readonly address?: string | undefined;
    readonly body?: string;
  } = {},
): DoorRequest {
  const { pathname, searchParams } = new URL(of.url ?? '/', 'http://shop.example');
  const body = Buffer.from(of.body ?? '');
  return {
    raw: of,
    method: of.method ?? 'GET',
    path: pathname,
    query: searchParams,
    header: (name) => of.headers?.[name],
    address: of.address,
    body: async (bytesMax) => (body.length > bytesMax ? undefined : body),
  };
}

/** The JSON in an answer. */
export function jsonOf({ body }: DoorAnswer): unknown {
  return JSON.parse(body as string);
}

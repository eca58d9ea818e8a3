/** Somebody to be asked what it is doing. */
export interface Watched {
  readonly service: string;
  /** Unlike any other of its service; the name that its samples have. */
  readonly instance: string;
  /** Where it shows its metrics. */
  readonly url: URL;
  readonly source: WatchSource;
  /** The one to connect to, where it was resolved already. */
  readonly address?: string;
  /** Of one that registered. */
  readonly id?: string;
  /** Why it cannot be asked, where that is known before. */
  readonly because?: string;
}

/** How it became known. */
export type WatchSource = 'list' | 'services' | 'registered';

/** Knows instances. The port; its drivers stand beside it. */
export interface InstanceSource {
  /** Those that there are now. */
  list(): Promise<readonly Watched[]>;
}

/** Reads where metrics are shown; a path that is not said is `/metrics`. Undefined for what is no such address. */
export function parseWatchUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  if (url.pathname === '/') url.pathname = '/metrics';
  url.hash = '';
  return url;
}

/** `127.0.0.1:8080`, also where the port is the scheme's own. */
export function hostOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

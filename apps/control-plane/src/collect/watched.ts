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
export type WatchSource = 'list' | 'dns' | 'kubernetes' | 'services' | 'registered';

/** Knows instances. The port; its drivers stand beside it. */
export interface InstanceSource {
  /** Those that there are now. */
  list(): Promise<readonly Watched[]>;
  /** Ends what goes on meanwhile. */
  close?(): Promise<void>;
}

/** One that asks others who there is. While they do not answer, it says who there was. */
export interface Discovery extends InstanceSource {
  readonly counts: DiscoveryCounts;
}

/** Since the start. */
export interface DiscoveryCounts {
  /** Questions that had no answer. */
  readonly failures: number;
  /** Times that an instance was beyond the limit. */
  readonly leftOut: number;
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

/** What the store has room for. */
export const instanceLengthMax = 100;

/** `127.0.0.1:8080`, also where the port is the scheme's own. */
export function hostOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

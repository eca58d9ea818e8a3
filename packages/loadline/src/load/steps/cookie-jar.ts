import { headerText } from './header-text.ts';

/**
 * The cookies of one user at one host (RFC 6265): name, path, lifetime and `secure` are honoured. There is
 * only one host in a run, so a domain needs no looking at. Paths are given below the target's base path, and
 * cookies have theirs from the root. Holds at most 50 cookies of 4 KB each, as browsers do (RFC 6265, section
 * 6.1): more are forgotten, the oldest first.
 */
export class CookieJar {
  readonly #basePath: string;
  readonly #cookies = new Map<string, Cookie>();

  /** @param basePath of the target: `/`, `/base` or `/base/`. */
  constructor(basePath = '/') {
    this.#basePath = basePath.replace(/\/$/, '');
  }

  /** Takes the values of `set-cookie` headers that came with the answer to a request for `path`. */
  accept(lines: readonly string[], path: string, nowMs: number): void {
    for (const line of lines) {
      const cookie = parseCookie(headerText(line), this.#basePath + path, nowMs);
      if (cookie === undefined) continue;
      const key = `${cookie.name};${cookie.path}`;
      this.#cookies.delete(key);
      if (cookie.expiresMs > nowMs) this.#cookies.set(key, cookie);
      const [oldest] = this.#cookies.keys();
      if (this.#cookies.size > cookiesMax && oldest !== undefined) this.#cookies.delete(oldest);
    }
  }

  /** The value of a `cookie` header for a request, those of longer paths first; undefined where there is none. */
  headerFor(path: string, isSecure: boolean, nowMs: number): string | undefined {
    const pathname = this.#basePath + (path.split('?', 1)[0] as string);
    const fitting = [...this.#cookies.values()].filter(
      (cookie) =>
        cookie.expiresMs > nowMs && (isSecure || !cookie.isSecure) && isUnder(pathname, cookie.path),
    );
    if (fitting.length === 0) return undefined;
    fitting.sort((a, b) => b.path.length - a.path.length);
    return fitting.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  /** The value of the cookie of this name that was set last. */
  value(name: string): string | undefined {
    return [...this.#cookies.values()].findLast((cookie) => cookie.name === name)?.value;
  }
}

/** Headers with these cookies, in one line with those that a step sends itself (RFC 6265, section 5.4). */
export function addCookies(headers: string, cookies: string): string {
  const own = /^cookie: ([^\r]*)\r\n/im.exec(headers);
  if (own === null) return `${headers}cookie: ${cookies}\r\n`;
  return headers.replace(own[0], () => `cookie: ${own[1] === '' ? '' : `${own[1]}; `}${cookies}\r\n`);
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly isSecure: boolean;
  readonly expiresMs: number;
}

const cookiesMax = 50;
const cookieBytesMax = 4096;

/** RFC 6265, section 5.2; undefined for what is no cookie. */
function parseCookie(line: string, requestPath: string, nowMs: number): Cookie | undefined {
  const [pair = '', ...attributes] = line.split(';');
  const equals = pair.indexOf('=');
  const name = pair.slice(0, Math.max(0, equals)).trim();
  if (name === '' || pair.length > cookieBytesMax || /[^ -~\u0080-\uffff]/.test(pair)) return undefined;
  let path = defaultPath(requestPath);
  let isSecure = false;
  let expiresMs = Number.POSITIVE_INFINITY;
  let maxAge: number | undefined;
  for (const attribute of attributes) {
    const [key = '', value = ''] = attribute.split(/=(.*)/s).map((each) => each.trim());
    switch (key.toLowerCase()) {
      case 'path':
        if (value.startsWith('/')) path = value;
        break;
      case 'secure':
        isSecure = true;
        break;
      case 'max-age':
        if (/^-?\d+$/.test(value)) maxAge = Number(value);
        break;
      case 'expires': {
        const at = Date.parse(value);
        if (!Number.isNaN(at)) expiresMs = at;
        break;
      }
    }
  }
  if (maxAge !== undefined) expiresMs = nowMs + maxAge * 1000;
  return { name, value: pair.slice(equals + 1).trim(), path, isSecure, expiresMs };
}

/** The folder of a path (RFC 6265, section 5.1.4). */
function defaultPath(path: string): string {
  const pathname = path.split('?', 1)[0] as string;
  const slash = pathname.lastIndexOf('/');
  return slash <= 0 ? '/' : pathname.slice(0, slash);
}

function isUnder(path: string, folder: string): boolean {
  if (!path.startsWith(folder)) return false;
  return folder.endsWith('/') || path.length === folder.length || path[folder.length] === '/';
}

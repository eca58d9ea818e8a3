import { metricsError } from '../errors.ts';

/** Where metrics are to be sent, as a user names it. */
export interface ExportTarget {
  /**
   * http: or https:. A user and password in it become basic authentication. Without a path it is the one that
   * the protocol's receivers have by custom.
   */
  readonly url: string | URL;
  /** Sent with every request, for example `authorization`. No message ever shows a value. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where metrics are sent, checked. */
export interface Destination {
  /** Without user and password. */
  readonly url: URL;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** For people: without user, password and query. */
  readonly name: string;
  /** What a stranger wrote, fit to be shown: one short line in quotes, in which no secret of ours is repeated. */
  quote(text: string): string;
}

/**
 * @param path where the protocol's receivers listen by custom.
 * @param own the headers of the protocol, which a user may not set.
 * @param problems what else is wrong with the options, to be told in one go.
 * @throws LoadlineError METRICS_EXPORT_INVALID that names every problem.
 */
export function parseDestination(
  target: ExportTarget,
  protocol: {
    readonly path: string;
    readonly own: Readonly<Record<string, string>>;
    readonly problems?: readonly string[];
  },
): Destination {
  const { path, own } = protocol;
  const given = Object.entries(target.headers ?? {});
  const url = URL.parse(String(target.url));
  const problems = given.flatMap(([name, value]) => headerProblems(name, value, own));
  problems.push(...(protocol.problems ?? []));
  if (url === null || !/^https?:$/.test(url.protocol))
    problems.unshift('the address is no http: or https: URL');
  if (url === null || problems.length > 0) {
    throw metricsError(
      'METRICS_EXPORT_INVALID',
      `Cannot send metrics to ${url === null ? 'the address given' : nameOf(url)}: ${problems.join('; ')}.`,
      { facts: { problems } },
    );
  }
  if (url.pathname === '/') url.pathname = path;
  const credentials = credentialsOf(url);
  url.username = '';
  url.password = '';
  const headers = Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), value]));
  const authorization =
    credentials === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  const secrets = secretsOf(url, credentials, { ...authorization, ...headers });
  return {
    url,
    headers: { ...authorization, ...headers, ...own },
    name: nameOf(url),
    quote: (text) => quote(text, secrets),
  };
}

function headerProblems(name: string, value: string, own: Readonly<Record<string, string>>): string[] {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)) return [`${JSON.stringify(name)} is no name of a header`];
  const isOurs = name.toLowerCase() in own || framing.has(name.toLowerCase());
  if (isOurs) return [`the header ${name} is the protocol's own`];
  // RFC 9110, 5.5: visible characters, blanks and tabs; Node would refuse anything else at the first request.
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    ? []
    : [`the value of header ${name} has a character that none may have`];
}

/** Headers that say where a request begins and ends, and to whom it goes. */
const framing: ReadonlySet<string> = new Set(['host', 'connection', 'content-length', 'transfer-encoding']);

function nameOf(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/** `user:password`, decoded where it can be. */
function credentialsOf(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  const both = `${url.username}:${url.password}`;
  try {
    return decodeURIComponent(both);
  } catch {
    return both;
  }
}

/** Everything a receiver may echo and nobody should read; a header's words one by one, as in `Bearer token`. */
function secretsOf(
  url: URL,
  credentials: string | undefined,
  headers: Readonly<Record<string, string>>,
): string[] {
  const words = Object.values(headers).flatMap((value) => [value, ...value.split(/\s+/)]);
  const ofUser =
    credentials === undefined ? [] : [credentials, credentials.slice(credentials.indexOf(':') + 1)];
  return [...ofUser, ...url.searchParams.values(), ...words]
    .filter((secret) => secret !== '')
    .toSorted((a, b) => b.length - a.length);
}

function quote(text: string, secrets: readonly string[]): string {
  const hidden = secrets.reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text);
  const line = hidden.replace(/[^\x20-\x7e]+/g, ' ').trim();
  return line === ''
    ? ''
    : JSON.stringify(line.length > quoteLengthMax ? `${line.slice(0, quoteLengthMax)}…` : line);
}

const quoteLengthMax = 200;

import type { AddressPolicy } from '../../base/index.ts';
import { monitoringError } from '../errors.ts';

/** Where a notifier sends to, as a user names it. */
export interface NotifierTarget {
  /** http: or https:. A user and password in it become basic authentication. No message ever shows more than its host. */
  readonly url: string | URL;
  /** Sent with every request, for example `authorization`. No message ever shows a value. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Which addresses its host may have: by default only public ones. It is asked after the name was resolved, each time,
   * and the connection goes to the address that was judged. Redirects are not followed.
   */
  readonly addresses?: AddressPolicy;
  /** Authorities to trust besides the known ones, as PEM. */
  readonly ca?: string;
}

/** Where to send, checked. */
export interface Destination {
  /** Without user and password. */
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly addresses: AddressPolicy;
  readonly ca: string | undefined;
  /** For people: scheme, host and port. The path may be what lets somebody in, as with chats. */
  readonly name: string;
}

/**
 * @param own the headers that the notifier sets itself.
 * @param problems what else is wrong, to be told in one go.
 * @throws MONITORING_NOTIFIER_INVALID that names every problem.
 */
export function parseDestination(
  target: NotifierTarget,
  kind: {
    readonly notifier: string;
    readonly own: readonly string[];
    readonly problems?: readonly string[];
  },
): Destination {
  const { headers = {}, addresses = {}, ca } = target;
  const url = URL.parse(String(target.url));
  const isHttp = url !== null && /^https?:$/.test(url.protocol);
  const problems = [
    ...(isHttp ? [] : ['the address is no http: or https: URL']),
    ...Object.entries(headers).flatMap(([name, value]) => headerProblems(name, value, kind.own)),
    ...(kind.problems ?? []),
  ];
  if (url === null || problems.length > 0) {
    throw monitoringError(
      'MONITORING_NOTIFIER_INVALID',
      `Cannot use the ${kind.notifier} as it is set: ${problems.join('; ')}.`,
      { facts: { problems } },
    );
  }
  const authorization = basicAuthorization(url);
  url.username = '';
  url.password = '';
  return { url, headers: { ...authorization, ...headers }, addresses, ca, name: url.origin };
}

function headerProblems(name: string, value: string, own: readonly string[]): string[] {
  if (!/^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/i.test(name))
    return [`${JSON.stringify(name)} is no name of a header`];
  if ([...framing, ...own].includes(name.toLowerCase())) return [`the header ${name} is the notifier’s own`];
  // RFC 9110, 5.5: visible characters, blanks and tabs; Node would refuse anything else at the first request.
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
    ? []
    : [`the value of header ${name} has a character that none may have`];
}

/** Headers that say where a request begins and ends, and to whom it goes. */
const framing = ['host', 'connection', 'content-length', 'content-type', 'transfer-encoding', 'user-agent'];

function basicAuthorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === '' && password === '') return {};
  const both = `${decoded(username)}:${decoded(password)}`;
  return { authorization: `Basic ${Buffer.from(both).toString('base64')}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

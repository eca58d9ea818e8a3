import { isSecretName, looksSecret, secretsWithin } from '../draft/looks.ts';
import type { Secrets } from '../draft/secrets.ts';
import { hasBraces } from '../draft/texts.ts';
import type { Step } from './correlation.ts';
import { decodeSegment } from './request.ts';
import { ExactNumber, type RequestBody } from './request-body.ts';

/** Notes every secret that a request holds, so that it is written nowhere, also not where it has another name. */
export function noteSecrets({ visit, request }: Step, secrets: Secrets): void {
  const place = `${visit.method} ${visit.url.pathname}`;
  const judge = (name: string, value: string, kind: string): void => {
    if (isSecretName(name) && !harmless.test(value)) secrets.note(value, name, `${kind}${name} of ${place}`);
    else if (looksSecret(value))
      secrets.note(value, name === '' ? 'token' : name, `${kind}${name} of ${place}`);
    else
      for (const each of secretsWithin(value))
        secrets.note(each, 'token', `a secret within ${name || 'the body'} of ${place}`);
  };
  noteAuthorization(request.authorization, place, secrets);
  noteCookies(visit.headers, place, secrets);
  for (const part of [visit.url.username, visit.url.password])
    if (part !== '')
      secrets.note(decodeSegment(part), 'password', `user or password in the address of ${place}`);
  for (const [name, value] of request.headers) judge(name, value, 'the header ');
  for (const [name, value] of request.query) judge(name, value, 'the query ');
  for (const [name] of request.query) judge('', name, 'a name in the query');
  for (const segment of request.segments) {
    const decoded = decodeSegment(segment);
    if (looksSecret(decoded)) secrets.note(decoded, 'token', 'a part of the path of a request');
    else
      for (const each of secretsWithin(decoded))
        secrets.note(each, 'token', 'a part of the path of a request');
  }
  noteBody(request.body, judge);
}

/** What tells of a secret and is none. */
const harmless = /^(?:|true|false|null|undefined|none|bearer|basic|no-store|same-origin|include)$/i;

function noteAuthorization(authorization: string | undefined, place: string, secrets: Secrets): void {
  if (authorization === undefined) return;
  const { token, basic } = readAuthorization(authorization);
  if (token !== undefined) secrets.note(token, 'token', `the bearer token of ${place}`);
  if (basic !== undefined) {
    secrets.note(
      basic.password,
      'password',
      `the password of ${basic.user} in basic credentials, of ${place}`,
    );
    secrets.note(authorization.replace(/^basic\s+/i, ''), 'credentials', `the basic credentials of ${place}`);
  }
  if (token === undefined && basic === undefined)
    secrets.note(authorization, 'authorization', `the header authorization of ${place}`);
}

/** What an `authorization` header says; neither of the two for other schemes, and for what a scenario can't say. */
export function readAuthorization(value: string): {
  readonly token?: string;
  readonly basic?: { readonly user: string; readonly password: string };
} {
  const [, scheme = '', rest = ''] = /^(\S+)\s+(\S+)\s*$/.exec(value) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { token: rest };
  if (scheme.toLowerCase() !== 'basic') return {};
  const decoded = Buffer.from(rest, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  const [user, password] = [decoded.slice(0, colon), decoded.slice(colon + 1)];
  return colon > 0 && password !== '' && !decoded.includes('\ufffd') && !hasBraces(user)
    ? { basic: { user, password } }
    : {};
}

function noteCookies(headers: readonly (readonly [string, string])[], place: string, secrets: Secrets): void {
  for (const [header, line] of headers) {
    if (header !== 'cookie') continue;
    for (const pair of line.split(';')) {
      const [, name = '', value = ''] = /^\s*([^=\s]+)=(.*?)\s*$/.exec(pair) ?? [];
      // Short ones are settings: `theme=dark` is many a word.
      if (value.length >= 8 && (isSecretName(name) || looksSecret(value)))
        secrets.note(value, name, `the cookie ${name} of ${place}`);
    }
  }
}

type Judge = (name: string, value: string, kind: string) => void;

function noteBody(body: RequestBody | undefined, judge: Judge): void {
  switch (body?.kind) {
    case 'json':
      noteJson('', body.value, judge);
      break;
    case 'text':
      judge('', body.text, 'the body');
      break;
    case 'form':
    case 'multipart':
      for (const [name, value] of body.pairs) {
        judge(name, value, '');
        judge('', name, 'a name in the body');
      }
      break;
  }
}

function noteJson(name: string, value: unknown, judge: Judge): void {
  if (typeof value === 'string') judge(name, value, '');
  else if (value instanceof ExactNumber) noteJson(name, value.source, judge);
  else if (typeof value === 'number' && isSecretName(name)) judge(name, String(value), '');
  else if (Array.isArray(value)) for (const item of value) noteJson(name, item, judge);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      judge('', key, 'a key in the body');
      noteJson(key, item, judge);
    }
  }
}

import type { Field, ObjectField } from '../../../base/index.ts';
import type { HeaderTemplate } from '../../steps/request-parts.ts';
import { keys } from './keys.ts';
import { joinTemplates, literal, type Names, readTemplate } from './templates.ts';

/** The headers of a place, a file, a scenario or a step, over those of the place that it stands in. */
export function overlayHeaders(
  outer: readonly HeaderTemplate[],
  place: ObjectField<'headers' | 'auth'>,
  names: Names,
): readonly HeaderTemplate[] {
  const own = place.has('headers') ? readHeaders(place.required('headers'), names) : [];
  const auth = place.optional('auth');
  const replaced = new Set(own.map((header) => header.name));
  if (auth !== undefined && replaced.has('authorization'))
    auth.problem('stands beside an authorization header; one of them is enough');
  if (auth !== undefined) replaced.add('authorization');
  return [
    ...outer.filter((header) => !replaced.has(header.name)),
    ...own,
    ...(auth === undefined || auth.value === 'none' ? [] : readAuth(auth, names)),
  ];
}

export function literalHeader(name: string, value: string): HeaderTemplate {
  return { name, value: literal(value) };
}

function readHeaders(field: Field, names: Names): HeaderTemplate[] {
  const headers = field.record((entry, name) => {
    const lower = name.toLowerCase();
    if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(lower)) entry.problem('is no header name');
    if (framing.includes(lower)) entry.problem('is set by Loadline itself');
    return { name: lower, value: readTemplate(entry, names) };
  });
  return [...headers.values()];
}

/** Headers that say where a request ends and where it goes: another value would break the connection. */
const framing = [
  'content-length',
  'transfer-encoding',
  'connection',
  'host',
  'expect',
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-extensions',
];

function readAuth(field: Field, names: Names): HeaderTemplate[] {
  const auth = field.object(keys.auth);
  if (auth.has('basic') === auth.has('bearer')) {
    if (typeof field.value === 'object')
      field.problem('must be one of basic and bearer, or none, as in { bearer: "{{token}}" }');
    return [];
  }
  if (auth.has('bearer')) {
    const token = readTemplate(auth.required('bearer'), names);
    return [{ name: 'authorization', value: joinTemplates([literal('Bearer '), token]) }];
  }
  const basic = auth.required('basic').object(keys.basic);
  const user = readTemplate(basic.required('user'), names);
  if (user.text.replace(/\{\{.*?\}\}/g, '').includes(':'))
    basic.required('user').problem('must hold no colon, which ends the user in basic credentials');
  const password = readTemplate(basic.required('password'), names);
  return [{ name: 'authorization', value: joinTemplates([user, literal(':'), password]), encoding: 'basic' }];
}

import type { AuthDraft, Pairs } from '../draft/scenario-draft.ts';
import { spreadBraces } from '../draft/texts.ts';
import type { ApiPlace } from './api-place.ts';
import type { Operation } from './operations.ts';

/** What a request shows to be let in. */
export interface Credentials {
  readonly auth: AuthDraft | undefined;
  readonly headers: Pairs;
  readonly query: Pairs;
  readonly cookies: Pairs;
}

/**
 * Gives each operation the credentials of the first way in that its description names, with the environment in
 * the place of what nobody but the reader knows.
 *
 * @param ask gives a hole for what has to be set.
 */
export function securityOf(
  document: ApiPlace,
  ask: (calls: string, what: string) => string,
): (operation: Operation) => Credentials {
  const schemes = document.at('components').at('securitySchemes');
  const known = new Map<string, Credentials>();
  const credentialsOf = (name: string): Credentials => {
    const found = known.get(name) ?? readScheme(name, schemes.at(name), ask);
    known.set(name, found);
    return found;
  };
  return ({ place }) => {
    const own = place.at('security');
    const ways = (own.isThere ? own : document.at('security')).items();
    // Where nobody has to, most do.
    const way = ways.find((each) => each.entries().length > 0);
    const needed = (way?.entries() ?? []).map(([name]) => credentialsOf(name));
    return {
      auth: needed.find((each) => each.auth !== undefined)?.auth,
      headers: needed.flatMap((each) => each.headers),
      query: needed.flatMap((each) => each.query),
      cookies: needed.flatMap((each) => each.cookies),
    };
  };
}

function readScheme(
  name: string,
  scheme: ApiPlace,
  ask: (calls: string, what: string) => string,
): Credentials {
  const none: Credentials = { auth: undefined, headers: [], query: [], cookies: [] };
  const type = scheme.at('type').text();
  const httpScheme = scheme.at('scheme').text()?.toLowerCase();
  if (type === 'http' && httpScheme === 'basic') {
    const user = ask(`${name} user`, `the user of the security scheme ${name}`);
    return { ...none, auth: { basic: { user, password: ask(`${name} password`, 'and the password') } } };
  }
  if (type === 'apiKey') {
    const key = [
      spreadBraces(scheme.at('name').text() ?? name),
      ask(name, `the key of the security scheme ${name}`),
    ] as const;
    const place = scheme.at('in').text();
    if (place === 'query') return { ...none, query: [key] };
    return place === 'cookie' ? { ...none, cookies: [key] } : { ...none, headers: [key] };
  }
  if (type === 'http' && httpScheme !== 'bearer')
    return {
      ...none,
      headers: [['authorization', ask(name, `the header authorization of the security scheme ${name}`)]],
    };
  if (type === 'http' || type === 'oauth2' || type === 'openIdConnect')
    return { ...none, auth: { bearer: ask(name, `a bearer token of the security scheme ${name}`) } };
  return none;
}

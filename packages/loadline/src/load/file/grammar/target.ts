import { type Field, show, withoutPassword } from '../../../base/index.ts';

/** Reads the address of a service, and notes what no target may hold; undefined where it is none. */
export function readTargetAddress(
  field: Field,
  text: string,
  { mayHaveQuery }: { readonly mayHaveQuery: boolean },
): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    field.problem(`must be an address like http://127.0.0.1:8080, got ${show(withoutPassword(text))}`);
    return undefined;
  }
  if (url.username !== '' || url.password !== '')
    field.problem('must hold no user and password; use an authorization header');
  if (!mayHaveQuery && (url.search !== '' || url.hash !== ''))
    field.problem("must have no query; put it into the steps' paths");
  return url;
}

import { isSecretName } from '../draft/looks.ts';
import type { BodyDraft, Pairs } from '../draft/scenario-draft.ts';
import type { Secrets } from '../draft/secrets.ts';
import { hasBraces, spreadBraces } from '../draft/texts.ts';
import type { Fillings } from './fillings.ts';
import { ExactNumber, type RequestBody } from './request-body.ts';

export interface WrittenBody {
  readonly body: BodyDraft | undefined;
  /** A header that has to be written, because the body stands there in another form. */
  readonly contentType: string | undefined;
  readonly notes: readonly string[];
}

/** A recorded body with holes for what was saved before and for secrets. */
export function writeBody(body: RequestBody | undefined, fillings: Fillings, secrets: Secrets): WrittenBody {
  if (body === undefined) return { body: undefined, contentType: undefined, notes: [] };
  const written = (
    draft: BodyDraft | undefined,
    contentType?: string,
    notes: readonly string[] = [],
  ): WrittenBody => ({
    body: draft,
    contentType,
    notes: [...body.notes, ...notes],
  });
  switch (body.kind) {
    case 'json': {
      if (!isOutOfReach(body.value, secrets))
        return written({ kind: 'json', value: fillJson(body.value, '', fillings) });
      const text = jsonText(body.value, '', fillings);
      return written({ kind: 'text', text }, 'application/json', asItIsNotes(text, 'as within JSON'));
    }
    case 'form': {
      if (body.pairs.every(([name, value]) => !hasBraces(value) && !secrets.isIn(name)))
        return written({ kind: 'form', pairs: fillPairs(body.pairs, fillings) });
      const text = encodePairs(body.pairs, fillings);
      return written({ kind: 'text', text }, 'application/x-www-form-urlencoded', asItIsNotes(text));
    }
    case 'multipart':
      return written(...writeMultipart(body, fillings, secrets));
    case 'lost':
      return written(undefined);
    case 'text': {
      const notes = hasBraces(body.text) ? [bracesNote] : [];
      return written({ kind: 'text', text: fillings.text(spreadBraces(body.text)) }, undefined, notes);
    }
  }
}

export const bracesNote =
  'It held two braces in a row, which would be read as a hole; here a blank stands between them.';

/** Of a text that was encoded by hand, because it holds braces: what fills it is not encoded any more. */
export function asItIsNotes(text: string, how = 'percent-encoded'): string[] {
  return text.includes('{{')
    ? [`What is filled in here is sent as it is: what has to be set must be written ${how}.`]
    : [];
}

/** Names and values by what is filled in; the values of secret names as a whole. */
export function fillPairs(pairs: Pairs, fillings: Fillings): Pairs {
  return pairs.map(([name, value]) => [name, fillings.value(name, value)]);
}

/** Percent-encoded by hand, braces too. */
export function encodePairs(pairs: Pairs, fillings: Fillings): string {
  const encode = (text: string): string => fillings.text(encodeURIComponent(text.toWellFormed()));
  return pairs
    .map(([name, value]) => `${encode(name)}=${fillings.whole(name, value) ?? encode(value)}`)
    .join('&');
}

/** Whether `json:` can't say it: it rounds numbers, its keys are no templates, and two braces make a hole. */
function isOutOfReach(value: unknown, secrets: Secrets): boolean {
  if (value instanceof ExactNumber) return true;
  if (typeof value === 'string') return hasBraces(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, item]) => secrets.isIn(key) || isOutOfReach(item, secrets));
}

function fillJson(value: unknown, key: string, fillings: Fillings): unknown {
  if (typeof value === 'string') return fillings.value(key, value);
  if (typeof value === 'number') {
    const filled =
      isSecretName(key) || Number.isInteger(value) ? fillings.whole(key, String(value)) : undefined;
    return filled === undefined ? value : filled.replace('}}', ' as number}}');
  }
  if (Array.isArray(value)) return value.map((item) => fillJson(item, key, fillings));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, fillJson(item, name, fillings)]),
  );
}

/** JSON as a text, in which a brace of a recorded text is written by its number, and a key may have a hole. */
function jsonText(value: unknown, key: string, fillings: Fillings): string {
  const escaped = (text: string): string =>
    fillings.text(JSON.stringify(text).slice(1, -1).replaceAll('{', '\\u007b'));
  if (typeof value === 'string') return `"${fillings.whole(key, value) ?? escaped(value)}"`;
  if (value instanceof ExactNumber) return fillings.whole(key, value.source) ?? value.source;
  if (Array.isArray(value)) return `[${value.map((item) => jsonText(item, key, fillings)).join(',')}]`;
  if (typeof value !== 'object' || value === null)
    return fillings.whole(key, String(value)) ?? JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, item]) => `"${escaped(name)}":${jsonText(item, name, fillings)}`,
  );
  return `{${members.join(',')}}`;
}

function writeMultipart(
  body: RequestBody & { kind: 'multipart' },
  fillings: Fillings,
  secrets: Secrets,
): [body: BodyDraft, contentType: undefined, notes: readonly string[]] {
  const notes = body.files.map(({ part, fileName, type }) => {
    const file = [`file: ${JSON.stringify(fileName)}`, ...(type === undefined ? [] : [`type: ${type}`])];
    return `The recording does not hold its file: put it beside this one, and into multipart ${JSON.stringify(part)}: { ${file.join(', ')} }`;
  });
  const writable = body.pairs.filter(([name]) => !secrets.isIn(name));
  if (writable.length < body.pairs.length) notes.push('A part whose name is secret is left out.');
  if (writable.some(([, value]) => hasBraces(value))) notes.push(bracesNote);
  const pairs = writable.map(([name, value]) => [name, fillings.value(name, spreadBraces(value))] as const);
  const standIn = [[body.files[0]?.part || 'file', 'in the place of a file']] as const;
  return [{ kind: 'multipart', pairs: pairs.length === 0 ? standIn : pairs }, undefined, notes];
}

import { isUuid } from '../draft/looks.ts';
import { singular, wordsOf } from '../draft/names.ts';
import type { SaveDraft } from '../draft/scenario-draft.ts';
import { pointerStep } from '../draft/texts.ts';
import type { Answer } from './recording.ts';
import type { Visit } from './redirects.ts';

/** A value of an answer that a later request may need, and how it is had from there. */
export interface AnswerValue {
  readonly value: string;
  readonly from: SaveDraft;
  /** What it is called: `order`, `id`. */
  readonly words: readonly string[];
  /** Whether it is called so that it is meant to be sent back: an id, a token, a cursor. */
  readonly isHandle: boolean;
}

/**
 * What an answer gives that can be told from ordinary words: of JSON what is called an id or a token, or looks
 * like one; cookies; headers; hidden fields and `meta` tags of a page, where forms keep their tokens.
 */
export function valuesOf(visit: Visit): AnswerValue[] {
  const { answer } = visit;
  return [
    ...jsonValues(visit),
    ...cookieValues(visit.answers),
    ...headerValues(answer),
    ...pageValues(answer),
  ].filter(
    ({ value, isHandle }) =>
      value.length <= valueLengthMax && isSendable.test(value) && (isHandle || looksLikeHandle(value)),
  );
}

const valueLengthMax = 4096;
/** What stands in a path, a header or a body as it is, and no part of a hole. */
const isSendable = /^[!-z|~]+$/;

/** A run of letters and digits that is no word, no date and no price. */
function looksLikeHandle(value: string): boolean {
  if (isUuid(value)) return true;
  return (
    value.length >= 8 &&
    /\d/.test(value) &&
    /[a-z]/i.test(value) &&
    !/^\d{4}-\d\d-\d\d|^[\d.,]+[a-z%]{1,3}$/i.test(value) &&
    !/[/:]/.test(value)
  );
}

const handleWords: ReadonlySet<string> = new Set([
  'id',
  'ids',
  'uid',
  'uuid',
  'guid',
  'pk',
  'token',
  'key',
  'code',
  'cursor',
  'nonce',
  'csrf',
  'xsrf',
  'slug',
  'ref',
  'reference',
  'hash',
  'handle',
  'etag',
  'rev',
  'revision',
  'ticket',
  'state',
  'session',
  'sid',
  'secret',
  'jwt',
  'verifier',
  'challenge',
]);

function isHandleName(words: readonly string[]): boolean {
  return handleWords.has(words.at(-1) ?? '') || words.at(-1) === 'next' || words.at(-1) === 'after';
}

function jsonValues({ answer, url }: Visit): AnswerValue[] {
  if (answer.text === undefined || !/json/.test(answer.mimeType)) return [];
  let root: unknown;
  try {
    root = JSON.parse(answer.text);
  } catch {
    return [];
  }
  const found: AnswerValue[] = [];
  const resource = resourceOf(url.pathname);
  collect(root, '', [], resource, 0);
  return found;

  function collect(
    value: unknown,
    pointer: string,
    words: readonly string[],
    owner: string,
    depth: number,
  ): void {
    if (depth > depthMax) return;
    if (Array.isArray(value)) {
      const element = holderOf(words, owner);
      for (const [at, item] of value.slice(0, elementsMax).entries())
        collect(item, `${pointer}/${at}`, words, element, depth + 1);
    } else if (typeof value === 'object' && value !== null) {
      const holder = holderOf(words, owner);
      for (const [key, item] of Object.entries(value))
        collect(item, pointer + pointerStep(key), wordsOf(key), holder, depth + 1);
    } else if (typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value))) {
      const isHandle = isHandleName(words);
      // A number that is no id is a price, a size, a page.
      if (typeof value === 'number' && !isHandle) return;
      const called =
        words.length === 1 && (words[0] === 'id' || words[0] === 'uuid') && owner !== ''
          ? [...wordsOf(owner), words[0]]
          : words;
      found.push({ value: String(value), from: { json: pointer }, words: called, isHandle });
    }
  }
}

function holderOf(words: readonly string[], owner: string): string {
  return words.length === 0 || wrappers.has(words.at(-1) as string) ? owner : singular(words.join(' '));
}

/** Deeper than answers go, and more elements than anyone picks from. */
const depthMax = 30;
const elementsMax = 1000;

/** Keys that only wrap: the id in `{ data: { id } }` is not called `dataId`. */
const wrappers: ReadonlySet<string> = new Set([
  'data',
  'result',
  'results',
  'item',
  'items',
  'content',
  'payload',
  'response',
  'value',
  'attributes',
  'edges',
  'node',
  'nodes',
]);

/** The last word of a path that is no id: `order` of `/api/orders/17`. */
function resourceOf(path: string): string {
  const names = path.split('/').filter((segment) => /^[a-z][a-z_-]{1,30}$/i.test(segment));
  return singular(names.at(-1)?.toLowerCase() ?? '');
}

function cookieValues(answers: readonly Answer[]): AnswerValue[] {
  return answers.flatMap(({ headers }) =>
    headers
      .filter(([name]) => name === 'set-cookie')
      // Chrome writes several into one value, a line each.
      .flatMap(([, value]) => value.split('\n'))
      .flatMap((line) => {
        const [, name, value] = /^\s*([^=;\s]+)=([^;]*)/.exec(line) ?? [];
        if (name === undefined || value === undefined) return [];
        return [
          { value: value.trim(), from: { cookie: name }, words: wordsOf(name), isHandle: value.length >= 8 },
        ];
      }),
  );
}

const telling = /token|csrf|xsrf|etag|session|nonce|cursor|-id$|^id$/;

function headerValues({ headers }: Answer): AnswerValue[] {
  return headers
    .filter(([name]) => name !== 'set-cookie' && telling.test(name))
    .map(([name, value]) => ({ value, from: { header: name }, words: wordsOf(name), isHandle: true }));
}

/** `<input name="csrf" value="…">` and `<meta name="csrf-token" content="…">`, the attributes in any order. */
function pageValues({ text, mimeType }: Answer): AnswerValue[] {
  if (text === undefined || !mimeType.includes('html')) return [];
  return [...text.matchAll(/<(input|meta)\b([^<>]{1,8192})>/gi)]
    .slice(0, tagsMax)
    .flatMap(([, tag = '', attributes = '']) => {
      const [, nameText = '', quote = '', name = ''] =
        /(?<=\s)(name=(["'])([^"'<>]+)\2)/i.exec(attributes) ?? [];
      const key = tag.toLowerCase() === 'meta' ? 'content' : 'value';
      const [, valueText = '', valueQuote = '', value = ''] =
        new RegExp(`(?<=\\s)(${key}=(["'])([^"'<>]+)\\2)`, 'i').exec(attributes) ?? [];
      if (name === '' || value === '' || value.includes('&')) return [];
      const isNameFirst = attributes.indexOf(nameText) < attributes.indexOf(valueText);
      const wanted = `${key}=${valueQuote}([^${valueQuote}]+)`;
      const known = `name=${quote}${name.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')}${quote}`;
      const match = isNameFirst ? `${known}[^>]*?\\s${wanted}` : `${wanted}${valueQuote}[^>]*?\\s${known}`;
      return [{ value, from: { match }, words: wordsOf(name), isHandle: telling.test(name.toLowerCase()) }];
    });
}

const tagsMax = 2000;

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
 * like one; cookies; headers; hidden fields and `meta` tags of a page, where forms keep their tokens. The
 * likeliest place of a value comes first.
 *
 * @param isWanted whether a later request has a value: answers hold thousands that none has.
 */
export function valuesOf(visit: Visit, isWanted: (value: string) => boolean): AnswerValue[] {
  const { answer } = visit;
  return [
    ...jsonValues(visit, isWanted),
    ...cookieValues(visit.answers),
    ...headerValues(answer),
    ...pageValues(answer),
  ]
    .filter(
      ({ value, isHandle }) =>
        value.length <= valueLengthMax &&
        isSendable.test(value) &&
        (isHandle || looksLikeHandle(value)) &&
        isWanted(value),
    )
    .sort((a, b) => Number(b.isHandle) - Number(a.isHandle));
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

const handleWords: ReadonlySet<string> = new Set(
  `id ids uid uuid guid pk token key code cursor nonce csrf xsrf slug ref reference hash handle etag
  rev revision ticket state session sid secret jwt verifier challenge next after`.split(/\s+/),
);

function jsonValues({ answer, url }: Visit, isWanted: (value: string) => boolean): AnswerValue[] {
  if (answer.text === undefined || !/json/.test(answer.mimeType)) return [];
  const found: AnswerValue[] = [];
  const keys: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      if (keys.length === depthMax) return;
      for (const key of Array.isArray(value) ? value.slice(0, elementsMax).keys() : Object.keys(value)) {
        keys.push(String(key));
        collect((value as Record<string, unknown>)[key]);
        keys.pop();
      }
    } else if (typeof value === 'string' || Number.isSafeInteger(value)) {
      if (!isWanted(String(value))) return;
      const words = callOf(keys, url.pathname);
      const isHandle = handleWords.has(words.at(-1) ?? '');
      // A number that is no id is a price, a size, a page.
      if (typeof value === 'number' && !isHandle) return;
      found.push({ value: String(value), from: { json: keys.map(pointerStep).join('') }, words, isHandle });
    }
  };
  try {
    collect(JSON.parse(answer.text));
  } catch {
    return [];
  }
  return found;
}

/** What a value is called; an `id`, by what it is the id of. */
function callOf(keys: readonly string[], path: string): string[] {
  const names = keys.filter((key) => !/^\d+$/.test(key));
  const words = wordsOf(names.pop() ?? '');
  if (words.length !== 1 || !['id', 'uuid'].includes(words[0] as string)) return words;
  const holder = names.findLast((name) => !wrappers.has(name));
  return [...wordsOf(holder === undefined ? resourceOf(path) : singular(holder)), ...words];
}

/** Deeper than answers go, and more elements than anyone picks from. */
const depthMax = 30;
const elementsMax = 1000;

/** Keys that only wrap: the id in `{ data: { id } }` is not called `dataId`. */
const wrappers: ReadonlySet<string> = new Set(
  'data result results item items content payload response value attributes edges node nodes'.split(' '),
);

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

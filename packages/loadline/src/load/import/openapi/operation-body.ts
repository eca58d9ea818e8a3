import type { BodyDraft, Pairs } from '../draft/scenario-draft.ts';
import type { ApiPlace } from './api-place.ts';
import { type ExampleContext, exampleOf, givenExample } from './examples.ts';
import type { Operation } from './operations.ts';
import { jsonContent, propertiesOf, requiredOf, saying, typeOf } from './schemas.ts';
import { plainText } from './serialize.ts';

export interface DraftedBody {
  readonly body: BodyDraft | undefined;
  readonly contentType: string | undefined;
  readonly notes: readonly string[];
}

/** The body of an operation: JSON where it takes it, or else a form, parts or a text. */
export function bodyOf({ place }: Operation, examples: ExampleContext): DraftedBody {
  const none: DraftedBody = { body: undefined, contentType: undefined, notes: [] };
  const content = place.at('requestBody');
  const json = jsonContent(content);
  const contents = content.at('content').entries();
  if (json !== undefined) {
    const value = givenExample(json.media) ?? exampleOf(json.media.at('schema'), examples);
    return {
      ...none,
      body: { kind: 'json', value },
      contentType: json.type === 'application/json' ? undefined : json.type,
    };
  }
  const of = (type: RegExp): readonly [string, ApiPlace] | undefined =>
    contents.find(([each]) => type.test(each));
  const form = of(/^application\/x-www-form-urlencoded/i);
  if (form !== undefined) {
    const pairs = fieldsOf(form[1], examples);
    return pairs.length === 0 ? none : { ...none, body: { kind: 'form', pairs } };
  }
  const multipart = of(/^multipart\/form-data/i);
  if (multipart !== undefined) return multipartOf(multipart[1], examples);
  const text = of(/^text\/|xml/i);
  if (text !== undefined) {
    const value = givenExample(text[1]);
    const contentType = text[0].includes('*') ? 'text/plain' : text[0];
    return {
      ...none,
      body: { kind: 'text', text: typeof value === 'string' && value !== '' ? value : 'example' },
      contentType,
    };
  }
  const [other] = contents;
  return other === undefined
    ? none
    : { ...none, notes: [`Its body, ${other[0]}, is not written: there is no example that could be.`] };
}

function fieldsOf(media: ApiPlace, examples: ExampleContext): Pairs {
  const value = givenExample(media) ?? exampleOf(media.at('schema'), examples);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => {
    const values = Array.isArray(item) ? item : [item];
    return values.map((each) => [name, plainText(each)] as const);
  });
}

function multipartOf(media: ApiPlace, examples: ExampleContext): DraftedBody {
  const schema = media.at('schema');
  const required = requiredOf(schema);
  const files = [...propertiesOf(schema)].filter(
    ([, property]) =>
      saying(property, 'format')?.value === 'binary' ||
      saying(property, 'contentMediaType') !== undefined ||
      (typeOf(property) === 'array' && saying(property, 'items')?.at('format').value === 'binary'),
  );
  const isFile = (name: string): boolean => files.some(([each]) => each === name);
  const fields = [...new Map(fieldsOf(media, examples))].filter(([name]) => !isFile(name));
  const needed = files.filter(([name]) => required.size === 0 || required.has(name));
  return {
    body: {
      kind: 'multipart',
      pairs: fields.length === 0 ? [[files[0]?.[0] ?? 'file', 'in the place of a file']] : fields,
    },
    contentType: undefined,
    notes: needed.map(
      ([name]) =>
        `It sends a file: put one beside this file, and into multipart ${JSON.stringify(name)}: { file: NAME }`,
    ),
  };
}

import { formatBytes } from '../../../base/index.ts';
import type { Pairs } from '../draft/scenario-draft.ts';
import type { RecordedBody } from './recording.ts';

/** What a request carried, as a scenario file can say it. */
export type RequestBody = (
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly pairs: Pairs }
  | { readonly kind: 'multipart'; readonly pairs: Pairs; readonly files: readonly SentFile[] }
  | { readonly kind: 'text'; readonly text: string }
  /** Of bytes that are no text, recordings keep but a part. */
  | { readonly kind: 'lost' }
) & {
  /** A content type that need not be written, because it is sent anyway. */
  readonly usualType: RegExp;
  /** What got lost. */
  readonly notes: readonly string[];
};

/** A file in a form: its content is not recorded, or is no text. */
export interface SentFile {
  readonly part: string;
  readonly fileName: string;
  readonly type: string | undefined;
}

export function readBody(recorded: RecordedBody): RequestBody | undefined {
  const essence = recorded.mimeType.split(';')[0]?.trim().toLowerCase() ?? '';
  const { text, params } = recorded;
  if (essence === 'multipart/form-data') return readMultipart(recorded);
  if (essence === 'application/x-www-form-urlencoded' || (essence === '' && params.length > 0)) {
    const pairs =
      text === undefined
        ? params.map(({ name, value }) => [name, value] as const)
        : [...new URLSearchParams(text)];
    return pairs.length === 0
      ? undefined
      : { kind: 'form', pairs, usualType: /^application\/x-www-form-urlencoded/i, notes: [] };
  }
  if (text === undefined) return undefined;
  const isJson = /[/+]json$/.test(essence) || (essence === '' && /^\s*[[{]/.test(text));
  const value = isJson ? readJson(text) : undefined;
  if (value !== undefined) return { kind: 'json', value, usualType: /^application\/json/i, notes: [] };
  if (!isBinary(text)) return { kind: 'text', text, usualType: /^$/, notes: [] };
  const note = `Its body is not written, since it is no text: ${formatBytes(text.length)} of ${essence || 'an unknown type'}.`;
  return { kind: 'lost', usualType: /^/, notes: [note] };
}

/** A number that would be rounded where it is read as one, as it was written. */
export class ExactNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** The value of JSON, its long numbers exact; undefined for what is none, and for what is too deep. */
function readJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text, (_, each: unknown, context?: { readonly source?: string }) => {
      const source = typeof each === 'number' ? context?.source : undefined;
      return source === undefined || isExact(source) ? each : new ExactNumber(source);
    });
    return depthOf(value) <= jsonDepthMax ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Fifteen digits are what every double can tell apart. */
function isExact(source: string): boolean {
  return source.replace(/e.*|\D/gi, '').length <= 15 && Number.isFinite(Number(source));
}

/** Deeper than anyone reads, and not so deep that a stack could overflow. */
const jsonDepthMax = 50;

function depthOf(value: unknown, limit: number = jsonDepthMax): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit === 0) return 1;
  return 1 + Object.values(value).reduce<number>((most, each) => Math.max(most, depthOf(each, limit - 1)), 0);
}

function isBinary(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what tells.
  return /[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text);
}

function readMultipart({ mimeType, text, params }: RecordedBody): RequestBody {
  const parts = text === undefined ? params : partsOf(text, mimeType);
  const isFile = (part: Part): boolean => part.fileName !== undefined || isBinary(part.value);
  const fields = new Map<string, string>();
  const notes: string[] = [];
  for (const part of parts.filter((each) => !isFile(each))) {
    if (fields.has(part.name)) notes.push(`${part.name} was sent several times; only the first is written.`);
    else if (part.name !== '') fields.set(part.name, part.value);
  }
  const files = parts.filter(isFile).map(({ name, fileName, contentType }) => ({
    part: name,
    fileName: fileName ?? name,
    type: contentType,
  }));
  return { kind: 'multipart', pairs: [...fields], files, usualType: /^multipart\/form-data/i, notes };
}

interface Part {
  readonly name: string;
  readonly value: string;
  readonly fileName: string | undefined;
  readonly contentType: string | undefined;
}

/** The parts of a body as it was sent (RFC 7578); browsers leave out what files hold. */
function partsOf(text: string, mimeType: string): Part[] {
  const boundary = /boundary="?([^";]+)"?/i.exec(mimeType)?.[1] ?? /^--([^\r\n]+)/.exec(text)?.[1];
  if (boundary === undefined) return [];
  return text
    .split(`--${boundary}`)
    .slice(1)
    .filter((part) => !part.startsWith('--'))
    .map((part) => {
      const [, head = '', value = ''] = /^\r?\n(.*?)\r?\n\r?\n(.*)$/s.exec(part) ?? [];
      const parameter = (name: string): string | undefined =>
        new RegExp(`^content-disposition:[^\\r\\n]*;\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, 'im').exec(
          head,
        )?.[1];
      return {
        name: parameter('name') ?? '',
        value: value.replace(/\r?\n$/, ''),
        fileName: parameter('filename'),
        contentType: /^content-type:\s*(\S+)/im.exec(head)?.[1],
      };
    });
}

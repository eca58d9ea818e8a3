import { type Field, type Parsed, parse } from '../../../base/index.ts';

/** A HAR 1.2 file (W3C Web Performance, "HTTP Archive format") as browsers, proxies and test tools write it. */
export interface Recording {
  /** As in `WebInspector 537.36`. */
  readonly creator: string;
  /** In the order in which they were sent. */
  readonly exchanges: readonly Exchange[];
}

/** A request with its answer. */
export interface Exchange {
  readonly startedMs: number;
  readonly endedMs: number;
  /** Title of the page that asked for it. */
  readonly page: string | undefined;
  readonly method: string;
  readonly url: URL;
  readonly headers: NamedValues;
  readonly cookieNames: readonly string[];
  readonly body: RecordedBody | undefined;
  readonly answer: Answer;
  /** What the browser wanted it for, as in `image`; only some tell. */
  readonly resourceType: string | undefined;
  readonly isFromCache: boolean;
}

export interface Answer {
  /** 0 where none came; absent where none was recorded, as in a HAR that was written by hand. */
  readonly status: number | undefined;
  readonly headers: NamedValues;
  readonly mimeType: string;
  /** Absent where the recording was made without bodies. */
  readonly text: string | undefined;
}

export interface RecordedBody {
  /** With its parameters, in lower case but for those. */
  readonly mimeType: string;
  readonly text: string | undefined;
  readonly params: readonly RecordedParam[];
}

export interface RecordedParam {
  readonly name: string;
  readonly value: string;
  readonly fileName: string | undefined;
  readonly contentType: string | undefined;
}

/** In order, names in lower case. */
export type NamedValues = readonly (readonly [name: string, value: string])[];

/** More make a scenario that nobody reads. */
const entriesMax = 10_000;

/**
 * Reads a HAR's value. Only what a request can't do without must be there, method and address: the writers of
 * such files leave out whatever they don't know.
 */
export function parseRecording(value: unknown): Parsed<Recording> {
  return parse(value, (root) => {
    const log = root.at('log');
    const entries = log.at('entries');
    if (!Array.isArray(entries.value)) {
      const isDescription = root.at('openapi').value !== undefined;
      const hint = isDescription ? '. This describes an API: `loadline import openapi` takes it' : '';
      entries.problem(`is missing; a HAR file holds its requests there${hint}`);
      return { creator: '', exchanges: [] };
    }
    if (entries.value.length === 0) entries.problem('holds no requests');
    if (entries.value.length > entriesMax) {
      entries.problem(
        `holds ${entries.value.length} requests; the limit is ${entriesMax}, record less at once`,
      );
      return { creator: '', exchanges: [] };
    }
    const titles = readTitles(log.at('pages'));
    let beforeMs = 0;
    const exchanges = entries.array((entry) => {
      const exchange = readEntry(entry, titles, beforeMs);
      beforeMs = exchange.startedMs;
      return exchange;
    });
    const creator = [log.at('creator').at('name').value, log.at('creator').at('version').value];
    return {
      creator: creator.filter((part) => typeof part === 'string').join(' '),
      exchanges: exchanges.toSorted((a, b) => a.startedMs - b.startedMs),
    };
  });
}

export function headerOf(headers: NamedValues, name: string): string | undefined {
  return headers.find((header) => header[0] === name)?.[1];
}

/** Page id → title. */
function readTitles(pages: Field): ReadonlyMap<string, string> {
  const titles = listOf(pages).map((page) => [textOf(page.at('id')), textOf(page.at('title'))] as const);
  return new Map(titles);
}

function readEntry(entry: Field, titles: ReadonlyMap<string, string>, beforeMs: number): Exchange {
  const request = entry.at('request');
  const headers = readNamed(request.at('headers'));
  const startedMs = Date.parse(textOf(entry.at('startedDateTime')));
  const durationMs = entry.at('time').value;
  const start = Number.isFinite(startedMs) ? startedMs : beforeMs;
  const pageId = textOf(entry.at('pageref'));
  return {
    startedMs: start,
    endedMs: start + (typeof durationMs === 'number' && durationMs > 0 && durationMs < 1e12 ? durationMs : 0),
    page: pageId === '' ? undefined : (titles.get(pageId) ?? pageId),
    method: request.at('method').string().toUpperCase(),
    url: readUrl(request.at('url'), headers),
    headers,
    cookieNames: readCookieNames(request, headers),
    body: readBody(request.at('postData')),
    answer: readAnswer(entry.at('response')),
    resourceType: textOf(entry.at('_resourceType')).toLowerCase() || undefined,
    isFromCache: textOf(entry.at('_fromCache')) !== '',
  };
}

/** Some proxies write the path alone. */
function readUrl(field: Field, headers: NamedValues): URL {
  const url = field.string();
  const host = headerOf(headers, 'host');
  const whole = url.startsWith('/') && host !== undefined ? `http://${host}${url}` : url;
  if (URL.canParse(whole)) {
    const parsed = new URL(whole);
    // Never sent.
    parsed.hash = '';
    return parsed;
  }
  if (url !== '')
    field.problem(`must be an address like https://example.org/, got ${JSON.stringify(url.slice(0, 80))}`);
  return new URL('http://localhost/');
}

function readCookieNames(request: Field, headers: NamedValues): string[] {
  const listed = listOf(request.at('cookies')).map((cookie) => textOf(cookie.at('name')));
  const sent = headers
    .filter(([name]) => name === 'cookie')
    .flatMap(([, value]) => value.split(';').map((pair) => pair.split('=')[0]?.trim() ?? ''));
  return [...new Set([...listed, ...sent])].filter((name) => name !== '');
}

function readBody(postData: Field): RecordedBody | undefined {
  const text = postData.at('text').value;
  const params = listOf(postData.at('params')).map((param) => ({
    name: textOf(param.at('name')),
    value: textOf(param.at('value')),
    fileName: textOf(param.at('fileName')) || undefined,
    contentType: textOf(param.at('contentType')) || undefined,
  }));
  const hasText = typeof text === 'string' && text !== '';
  if (!hasText && params.length === 0) return undefined;
  return { mimeType: textOf(postData.at('mimeType')), text: hasText ? text : undefined, params };
}

function readAnswer(response: Field): Answer {
  const status = response.at('status').value;
  const content = response.at('content');
  const headers = readNamed(response.at('headers'));
  const text = content.at('text').value;
  const isEncoded = textOf(content.at('encoding')).toLowerCase() === 'base64';
  return {
    status: response.value === undefined ? undefined : isStatus(status) ? status : 0,
    headers,
    mimeType: (textOf(content.at('mimeType')) || headerOf(headers, 'content-type') || '').toLowerCase(),
    text:
      typeof text !== 'string' ? undefined : isEncoded ? Buffer.from(text, 'base64').toString('utf8') : text,
  };
}

function isStatus(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 100 && value <= 599;
}

function readNamed(field: Field): NamedValues {
  return listOf(field).map(
    (item) => [textOf(item.at('name')).toLowerCase(), textOf(item.at('value'))] as const,
  );
}

function listOf(field: Field): Field[] {
  return Array.isArray(field.value) ? field.array((item) => item) : [];
}

function textOf(field: Field): string {
  return typeof field.value === 'string' ? field.value : '';
}

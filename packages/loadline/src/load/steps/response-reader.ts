import type { Random } from '../../base/index.ts';
import { type BytesPlace, prepareSearch } from './byte-search.ts';
import { countElements, decodeRange, type JsonRange, preparePointer, scanPointer } from './json-scan.ts';
import type { Check, Extraction, JsonScalar } from './response-values.ts';

/** What can be read of a response while it is being judged. */
export interface ReadableResponse {
  readonly status: number;
  /** The first header of this lower-case name. */
  header(name: string): string | undefined;
  /** The body; only valid during the call. */
  body(): Buffer;
  /** Whose body stands within other bytes may name them: a view of its own takes longer than most checks. */
  readonly bodyPlace?: BytesPlace;
}

/** What besides the response a value may come from. */
export interface ReaderScope {
  readonly random: Random;
  /** A cookie that the user has. */
  cookie(name: string): string | undefined;
}

/** Whether a check holds of a response. */
export type Judge = (response: OpenedResponse) => boolean;
/** The value of an extraction as text; undefined where it is not there. */
export type Extract = (response: OpenedResponse, scope: ReaderScope) => string | undefined;

/** A response that several checks and extractions read: its body is had, and decoded, at most once. */
export class OpenedResponse {
  readonly #response: ReadableResponse;
  #place: BytesPlace | undefined;
  #text: string | undefined;

  constructor(response: ReadableResponse) {
    this.#response = response;
  }

  get status(): number {
    return this.#response.status;
  }

  header(name: string): string | undefined {
    return this.#response.header(name);
  }

  get body(): BytesPlace {
    this.#place ??= this.#response.bodyPlace ?? placeOf(this.#response.body());
    return this.#place;
  }

  get text(): string {
    const { bytes, from, to } = this.body;
    this.#text ??= bytes.toString('utf8', from, to);
    return this.#text;
  }
}

function placeOf(bytes: Buffer): BytesPlace {
  return { bytes, from: 0, to: bytes.length };
}

/** Prepares a check once, so that judging a response is little work. */
export function prepareCheck(check: Check): Judge {
  switch (check.kind) {
    case 'status': {
      const [only] = check.statuses;
      if (check.statuses.length === 1) return (response) => response.status === only;
      return (response) => check.statuses.includes(response.status);
    }
    case 'header': {
      const { header, equals } = check;
      if (equals === undefined) return (response) => response.header(header) !== undefined;
      return (response) => response.header(header) === equals;
    }
    case 'body': {
      const search = prepareSearch(Buffer.from(check.contains, 'utf8'));
      return ({ body }) => search(body);
    }
    case 'pattern': {
      const pattern = stateless(check.pattern);
      return (response) => pattern.test(response.text);
    }
    case 'json': {
      const find = jsonFinder(check.pointer);
      const { expected } = check;
      if (expected.kind === 'exists') return ({ body }) => find(body) !== undefined;
      return ({ body }) => isValue(body.bytes, find(body), expected.value);
    }
  }
}

/** Prepares an extraction once. */
export function prepareExtraction(extraction: Extraction): Extract {
  switch (extraction.kind) {
    case 'header':
      return (response) => response.header(extraction.name);
    case 'cookie':
      return (_, scope) => scope.cookie(extraction.name);
    case 'pattern': {
      const pattern = stateless(extraction.pattern);
      return (response) => {
        const match = pattern.exec(response.text);
        return match?.[1] ?? match?.[0];
      };
    }
    case 'json': {
      const find = jsonFinder(extraction.pointer);
      if (extraction.randomOf === undefined) return ({ body }) => asText(body.bytes, find(body));
      const findList = jsonFinder(extraction.randomOf);
      return ({ body }, { random }) => {
        const element = randomElement(body.bytes, findList(body), random);
        return element === undefined ? undefined : asText(body.bytes, find(body, element));
      };
    }
  }
}

type Find = (body: BytesPlace, within?: JsonRange) => JsonRange | undefined;

function jsonFinder(pointer: readonly string[]): Find {
  const tokens = preparePointer(pointer);
  return (body, within = body) => scanPointer(body.bytes, tokens, within);
}

function randomElement(json: Buffer, list: JsonRange | undefined, random: Random): JsonRange | undefined {
  const count = list === undefined ? 0 : countElements(json, list);
  if (count <= 0) return undefined;
  return scanPointer(json, preparePointer([String(Math.floor(random() * count))]), list);
}

function isValue(json: Buffer, range: JsonRange | undefined, value: JsonScalar): boolean {
  if (range === undefined) return false;
  const first = json[range.from];
  const isContainer = first === 91 || first === 123;
  return !isContainer && decodeRange(json, range) === value;
}

function asText(json: Buffer, range: JsonRange | undefined): string | undefined {
  const value = range === undefined ? undefined : decodeRange(json, range);
  return value === undefined || value === null ? undefined : String(value);
}

/** A pattern with `g` or `y` would begin its next search where the last one ended. */
function stateless(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
}

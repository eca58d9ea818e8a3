import type { Random } from '../../base/index.ts';
import { readPointer } from './json-pointer.ts';

/** What can be read of a response while it is being judged. */
export interface ReadableResponse {
  readonly status: number;
  /** The first header of this lower-case name. */
  header(name: string): string | undefined;
  /** The body as text; decoded at the first call. */
  text(): string;
}

/** Where a value comes from. */
export type Extraction =
  | {
      readonly kind: 'json';
      readonly pointer: readonly string[];
      /** A list of which a random element is taken first; the pointer goes on from there. */
      readonly randomOf?: readonly string[];
    }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'pattern'; readonly pattern: RegExp };

/** What must hold of a response; each one that does not is a failed check. */
export type Check =
  | { readonly kind: 'status'; readonly statuses: readonly number[]; readonly name: string }
  | { readonly kind: 'header'; readonly header: string; readonly equals: string; readonly name: string }
  | { readonly kind: 'body'; readonly contains: string; readonly name: string }
  | {
      readonly kind: 'json';
      readonly pointer: readonly string[];
      readonly expected: JsonExpectation;
      readonly name: string;
    };

export type JsonExpectation =
  | { readonly kind: 'exists' }
  | { readonly kind: 'equals'; readonly value: JsonScalar };
export type JsonScalar = string | number | boolean | null;

/** Reads one response: its JSON is parsed at most once, however many checks and extractions ask for it. */
export class ResponseReader {
  readonly #response: ReadableResponse;
  readonly #random: Random;
  #document: unknown;
  #isParsed = false;

  constructor(response: ReadableResponse, random: Random) {
    this.#response = response;
    this.#random = random;
  }

  /** The extracted value as text; undefined where it is not there. Objects are taken as JSON. */
  extract(extraction: Extraction): string | undefined {
    switch (extraction.kind) {
      case 'json':
        return asText(readPointer(this.#start(extraction.randomOf), extraction.pointer));
      case 'header':
        return this.#response.header(extraction.name);
      case 'pattern': {
        const match = extraction.pattern.exec(this.#response.text());
        return match?.[1] ?? match?.[0];
      }
    }
  }

  holds(check: Check): boolean {
    switch (check.kind) {
      case 'status':
        return check.statuses.includes(this.#response.status);
      case 'header':
        return this.#response.header(check.header) === check.equals;
      case 'body':
        return this.#response.text().includes(check.contains);
      case 'json': {
        const found = readPointer(this.#json(), check.pointer);
        return check.expected.kind === 'exists' ? found !== undefined : found === check.expected.value;
      }
    }
  }

  #start(randomOf: readonly string[] | undefined): unknown {
    if (randomOf === undefined) return this.#json();
    const list = readPointer(this.#json(), randomOf);
    return Array.isArray(list) ? list[Math.floor(this.#random() * list.length)] : undefined;
  }

  #json(): unknown {
    if (!this.#isParsed) {
      this.#isParsed = true;
      try {
        this.#document = JSON.parse(this.#response.text());
      } catch {
        // No JSON: every pointer into it points at nothing, so the check or the extraction fails and is counted.
        this.#document = undefined;
      }
    }
    return this.#document;
  }
}

function asText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

import { uniqueNames, variableName } from '../draft/names.ts';
import type { SaveDraft } from '../draft/scenario-draft.ts';
import type { Secrets } from '../draft/secrets.ts';
import { hole } from '../draft/texts.ts';
import { valuesOf } from './answer-values.ts';
import type { Visit } from './redirects.ts';
import { decodeSegment, type RecordedRequest } from './request.ts';
import { ExactNumber, type RequestBody } from './request-body.ts';

/** A recorded request with its answer, taken apart. */
export interface Step {
  readonly visit: Visit;
  readonly request: RecordedRequest;
}

/**
 * Values that a server made and a later request sent back: ids, tokens, cursors. Each is saved where it was
 * answered first and filled in from there, because in the next run it is another one.
 */
export interface Correlation {
  /** What a step saves for later ones. */
  savesOf(at: number): readonly (readonly [name: string, from: SaveDraft])[];
  /** The name under which a value was saved before a step. */
  nameOf(value: string, at: number): string | undefined;
  /** The same of the last segment of this path, which may be shorter than what is taken for an id elsewhere. */
  nameOfPath(path: string, at: number): string | undefined;
  /** A text with holes for all that was saved before a step. */
  fill(text: string, at: number): string;
}

interface Saved {
  readonly name: string;
  readonly at: number;
}

export function correlate(steps: readonly Step[], secrets: Secrets): Correlation {
  const tokens = steps.map(({ request }) => tokensOf(request));
  const lastUse = new Map<string, number>();
  for (const [at, each] of tokens.entries()) for (const token of each) lastUse.set(token, at);
  const saved = new Map<string, Saved>();
  const saves = steps.map((): [string, SaveDraft][] => []);
  const sentBefore = new Set<string>();
  const unique = uniqueNames();
  for (const [at, { visit }] of steps.entries()) {
    // What a request sends before any answer has it is the client's own.
    for (const token of tokens[at] ?? []) if (!saved.has(token)) sentBefore.add(token);
    const base = visit.url.pathname.replace(/\/$/, '');
    const keyOf = (value: string): string =>
      value.length >= valueLengthMin ? value : pathKey(`${base}/${value}`);
    const isWanted = (value: string): boolean => {
      const key = keyOf(value);
      return (lastUse.get(key) ?? -1) > at && !sentBefore.has(key) && !saved.has(key);
    };
    for (const { value, from, words } of valuesOf(visit, isWanted)) {
      const isTooShort = value.length < valueLengthMin && words.at(-1) !== 'id';
      // The same value may stand at several places of an answer.
      if (isTooShort || !isWanted(value) || secrets.isIn(JSON.stringify(from))) continue;
      const name = unique(variableName(words));
      saved.set(keyOf(value), { name, at });
      saves[at]?.push([name, from]);
    }
  }
  const nameOf = (key: string, at: number): string | undefined => {
    const found = saved.get(key);
    return found !== undefined && found.at < at ? found.name : undefined;
  };
  return {
    savesOf: (at) => saves[at] ?? [],
    nameOf: (value, at) => nameOf(value, at),
    nameOfPath: (path, at) => nameOf(pathKey(path), at),
    fill: (text, at) => fillPieces(text, (value) => nameOf(value, at)),
  };
}

/** Shorter ones are found by chance. */
const valueLengthMin = 4;
/** And within longer texts, even these. */
const pieceLengthMin = 8;

/** No value begins with a blank. */
function pathKey(path: string): string {
  return ` ${path}`;
}

/** Every value that a request sends, where an earlier answer may have given it. */
function tokensOf(request: RecordedRequest): ReadonlySet<string> {
  const tokens = new Set<string>();
  const add = (text: string): void => {
    tokens.add(text);
    for (const piece of text.match(pieces) ?? []) {
      if (piece.length < pieceLengthMin) continue;
      tokens.add(piece);
      for (const part of piece.match(parts) ?? []) if (part.length >= pieceLengthMin) tokens.add(part);
    }
  };
  for (const [at, segment] of request.segments.entries()) {
    tokens.add(decodeSegment(segment));
    tokens.add(pathKey(request.segments.slice(0, at + 1).join('/')));
  }
  for (const [, value] of [...request.query, ...request.headers]) add(value);
  if (request.authorization !== undefined) add(request.authorization);
  addBody(request.body, add);
  return tokens;
}

function addBody(body: RequestBody | undefined, add: (text: string) => void): void {
  switch (body?.kind) {
    case 'json':
      addJson(body.value, add);
      break;
    case 'text':
      add(body.text);
      break;
    case 'form':
    case 'multipart':
      for (const [, value] of body.pairs) add(value);
      break;
  }
}

function addJson(value: unknown, add: (text: string) => void): void {
  if (typeof value === 'string' || typeof value === 'number') add(String(value));
  else if (value instanceof ExactNumber) add(value.source);
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) addJson(each, add);
}

/** What stands between blanks, quotes and brackets, and what stands between the marks within an address. */
const pieces = /[^\s"'<>(){}[\],;&]+/g;
const parts = /[^=:/?#|]+/g;

function fillPieces(text: string, nameOf: (value: string) => string | undefined): string {
  const whole = nameOf(text);
  if (whole !== undefined) return hole(whole);
  const filled = (piece: string): string | undefined => {
    const name = piece.length < pieceLengthMin ? undefined : nameOf(piece);
    return name === undefined ? undefined : hole(name);
  };
  return text.replace(pieces, (piece, at: number) => {
    // `{{{id}}` would be no hole.
    if (text[at - 1] === '{') return piece;
    return filled(piece) ?? piece.replace(parts, (part) => filled(part) ?? part);
  });
}

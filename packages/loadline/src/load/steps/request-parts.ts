import type { OutgoingRequest } from '../transports/transport.ts';
import { Filler, type Scope, type SlotLinks } from './filler.ts';
import type { Template } from './template.ts';

/** What a request is built of. */
export interface RequestParts {
  readonly path: Filler;
  readonly headers: HeaderParts;
  readonly body: readonly BodyPart[] | undefined;
  readonly timeoutMs: number;
  readonly keepsBody: boolean;
}

/** A header with what stands before it: the headers that are always the same, and its own name with the colon. */
interface HeaderPart {
  readonly before: string;
  readonly value: Filler;
  readonly isBasic: boolean;
}

/** The headers of a request: `last` are those after the last hole. */
export interface HeaderParts {
  readonly holes: readonly HeaderPart[];
  readonly last: string;
}

export type BodyPart = Filler | Uint8Array;

export interface HeaderTemplate {
  readonly name: string;
  readonly value: Template;
  /** `basic`: the value is `user:password`, and is sent as basic credentials (RFC 7617). */
  readonly encoding?: 'basic';
}

/** Links the values of headers, and joins those that are always the same. */
export function prepareHeaders(headers: readonly HeaderTemplate[], links: SlotLinks): HeaderParts {
  const holes: HeaderPart[] = [];
  let before = '';
  for (const { name, value, encoding } of headers) {
    const filler = new Filler(value, 'header', links);
    const isBasic = encoding === 'basic';
    if (filler.constant !== undefined) before += `${name}: ${credentials(filler.constant, isBasic)}\r\n`;
    else {
      holes.push({ before: `${before}${name}: `, value: filler, isBasic });
      before = '\r\n';
    }
  }
  return { holes, last: before };
}

/** Builds a request for a user, or tells which template could not be filled. */
export function buildRequest(
  method: string,
  { path, headers, body, timeoutMs, keepsBody }: RequestParts,
  scope: Scope,
  isSame = false,
): OutgoingRequest | Filler {
  const filledPath = path.fill(scope);
  if (filledPath === undefined) return path;
  let lines = '';
  for (let index = 0; index < headers.holes.length; index++) {
    const { before, value, isBasic } = headers.holes[index] as HeaderPart;
    const filled = value.fill(scope);
    if (filled === undefined) return value;
    lines += before + credentials(filled, isBasic);
  }
  lines += headers.last;
  const filledBody = body === undefined ? undefined : fillBody(body, scope);
  if (filledBody instanceof Filler) return filledBody;
  return {
    method,
    path: filledPath,
    headers: lines,
    body: filledBody,
    timeoutMs,
    keepsBody,
    isConstant: isSame,
  };
}

function fillBody(parts: readonly BodyPart[], scope: Scope): string | Uint8Array | Filler {
  const filled: (string | Uint8Array)[] = [];
  for (const part of parts) {
    const value = part instanceof Filler ? part.fill(scope) : part;
    if (value === undefined) return part as Filler;
    filled.push(value);
  }
  if (filled.every((each) => typeof each === 'string')) return filled.join('');
  return Buffer.concat(filled.map((each) => (typeof each === 'string' ? Buffer.from(each) : each)));
}

/** The request itself, where it is the same each time. */
export function constantRequest(method: string, parts: RequestParts): OutgoingRequest | undefined {
  return isConstant(parts) ? (buildRequest(method, parts, nobody, true) as OutgoingRequest) : undefined;
}

function isConstant({ path, headers, body }: RequestParts): boolean {
  return (
    path.constant !== undefined &&
    headers.holes.length === 0 &&
    (body ?? []).every((part) => !(part instanceof Filler) || part.constant !== undefined)
  );
}

function credentials(value: string, isBasic: boolean): string {
  return isBasic ? `Basic ${Buffer.from(value).toString('base64')}` : value;
}

/** Fills what has no holes. */
const nobody: Scope = { random: () => 0, user: 0, iteration: 0, variables: [], nowMs: () => 0 };

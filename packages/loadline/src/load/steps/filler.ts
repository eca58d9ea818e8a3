import { integerBetween, type Random } from '../../base/index.ts';
import { type Hole, nameOf, type Slot, type Template } from './template.ts';

/** What the holes of a template are filled from: a user. */
export interface Scope {
  readonly random: Random;
  /** The user's number, from 0. */
  readonly user: number;
  /** The user's iteration, from 0. */
  readonly iteration: number;
  /** What was saved, by the numbers that `SlotLinks.variable` gave. */
  readonly variables: readonly (string | undefined)[];
  /** Wall time in milliseconds since the epoch. */
  nowMs(): number;
}

/** Turns the names in templates into places, once, before the run. */
export interface SlotLinks {
  /** The place of a saved value in `Scope.variables`. */
  variable(name: string): number;
  /** Reads a column of the row that a user works with. */
  column(source: string, column: string): (user: number) => string | undefined;
}

/**
 * Where a text goes: a path and a header must not be broken by what fills them, a body holds everything.
 */
export type Place = 'path' | 'header' | 'body';

/** A template that was linked for a run: filling it is one concatenation a hole. */
export class Filler {
  /** The text of a template without holes. */
  readonly constant: string | undefined;
  readonly #first: string;
  readonly #holes: readonly LinkedHole[];

  constructor(template: Template, place: Place, links: SlotLinks) {
    const { first, holes } = link(template, place, links);
    this.#first = first;
    this.#holes = holes;
    this.constant = holes.length === 0 ? first : undefined;
  }

  /** The text for this scope; undefined where a hole cannot be filled, and then `unfilled` says which. */
  fill(scope: Scope): string | undefined {
    let filled = this.#first;
    for (let index = 0; index < this.#holes.length; index++) {
      const hole = this.#holes[index] as LinkedHole;
      const value = hole.read(scope);
      if (value === undefined) return undefined;
      const written = hole.write(value);
      if (written === undefined) return undefined;
      filled += written + hole.after;
    }
    return filled;
  }

  /** Why a scope could not fill it: `no value for foodId`. */
  unfilled(scope: Scope): string {
    for (const { name, read, write } of this.#holes) {
      const value = read(scope);
      if (value === undefined) return `no value for ${name}`;
      if (write(value) === undefined) return `${name} is no number`;
    }
    return 'a value was missing';
  }
}

interface LinkedHole {
  readonly name: string;
  readonly read: (scope: Scope) => string | undefined;
  /** As it stands in the text; undefined where it must not. */
  readonly write: (value: string) => string | undefined;
  /** The literal that follows. */
  readonly after: string;
}

function link(template: Template, place: Place, links: SlotLinks): { first: string; holes: LinkedHole[] } {
  const literal = place === 'path' ? asPath : place === 'header' ? asHeader : asIs;
  const holes: LinkedHole[] = [];
  let first = '';
  for (const part of template.parts) {
    const last = holes.at(-1);
    if (typeof part !== 'string') {
      holes.push({
        name: nameOf(part.slot),
        read: reader(part.slot, links),
        write: writer(part.form, place),
        after: '',
      });
    } else if (last === undefined) first += literal(part);
    else holes[holes.length - 1] = { ...last, after: last.after + literal(part) };
  }
  return { first, holes };
}

function reader(slot: Slot, links: SlotLinks): LinkedHole['read'] {
  switch (slot.kind) {
    case 'variable': {
      const place = links.variable(slot.name);
      return (scope) => scope.variables[place];
    }
    case 'column': {
      const read = links.column(slot.source, slot.column);
      return (scope) => read(scope.user);
    }
    case 'uuid':
      return (scope) => uuid(scope.random);
    case 'int':
      return (scope) => String(integerBetween(scope.random, slot.from, slot.to));
    case 'time':
      return (scope) => new Date(scope.nowMs() + slot.offsetMs).toISOString();
    case 'user':
      return (scope) => String(scope.user);
    case 'iteration':
      return (scope) => String(scope.iteration);
  }
}

function writer(form: Hole['form'], place: Place): LinkedHole['write'] {
  switch (form) {
    case 'json text':
      return asJsonText;
    case 'json number':
      return (value) => (isJsonNumber(value) ? value : undefined);
    case 'url component':
      return (value) => encodeURIComponent(value.toWellFormed());
    case 'plain':
      return place === 'path' ? asPath : place === 'header' ? asHeader : asIs;
  }
}

// Each looks first whether there is anything to do: mostly there is not, and looking is the cheaper half.

/** Percent-encodes what cannot stand in a path or query; what has a meaning there (& # + %) stays. */
function asPath(value: string): string {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code <= 0x20 || code >= 0x7f)
      return value.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent);
  }
  return value;
}

/** A value that came from a server must not begin a header of its own. */
function asHeader(value: string): string {
  return /[\r\n\0]/.test(value) ? value.replace(/[\r\n\0]+/g, ' ') : value;
}

function asJsonText(value: string): string {
  return /["\\]|[^ -\ud7ff\ue000-\uffff]/.test(value) ? JSON.stringify(value).slice(1, -1) : value;
}

function asIs(value: string): string {
  return value;
}

function isJsonNumber(text: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text);
}

/** A version 4 UUID (RFC 9562) from a seeded stream: unique enough for load, the same in a repeated run. */
function uuid(random: Random): string {
  let hex = '';
  for (let i = 0; i < 32; i++) {
    const digit = i === 12 ? 4 : i === 16 ? 8 + Math.floor(random() * 4) : Math.floor(random() * 16);
    hex += digit.toString(16);
    if (i === 7 || i === 11 || i === 15 || i === 19) hex += '-';
  }
  return hex;
}

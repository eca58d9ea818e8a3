import { parseDuration, writeDuration } from './duration.ts';
import { parseBytes } from './size.ts';

/**
 * Reading unknown input at a door: one walk that makes a complete value and notes every problem on the way,
 * each with the path to where it stands.
 *
 * @example
 * const parsed = parse(input, (root) => {
 *   const options = root.object();
 *   return {
 *     rate: options.required('rate').number({ above: 0 }),
 *     timeoutMs: options.optional('timeout')?.duration() ?? 30_000,
 *   };
 * });
 */
export function parse<Value>(input: unknown, read: (root: Field) => Value): Parsed<Value> {
  const problems: Problem[] = [];
  const value = read(new Field(input, [], problems));
  return problems.length === 0 ? { ok: true, value } : { ok: false, problems };
}

/** What reading has come to: the complete value, or every problem in the order in which they were noted. */
export type Parsed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** What is wrong with one place of the input. */
export interface Problem {
  /** Where, from the root: `['scenarios', 'browse', 'steps', 0, 'get']`. */
  readonly path: Path;
  /** What would be right and what was found: `must be above 0, got -5`. */
  readonly message: string;
}

/** The way from the root of the input to one place: keys of objects, and places in arrays from 0. */
export type Path = readonly (string | number)[];

/** `scenarios.browse.steps[0].get`; the root is `(root)`. */
export function formatPath(path: Path): string {
  if (path.length === 0) return '(root)';
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? key : `${text}.${key}`;
  }, '');
}

/** Limits of a number; every one that is given must hold. */
export interface NumberLimits {
  readonly above?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly whole?: boolean;
}

/**
 * One place of the input. A reader that finds a wrong value notes the problem and returns a stand-in of the
 * right type, so that reading goes on and later problems are found too; `parse` then throws the value away.
 */
export class Field {
  readonly value: unknown;
  readonly path: Path;
  readonly #problems: Problem[];

  constructor(value: unknown, path: Path, problems: Problem[]) {
    this.value = value;
    this.path = path;
    this.#problems = problems;
  }

  /** Notes a problem of this place. */
  problem(message: string): void {
    this.#problems.push({ path: this.path, message });
  }

  /** The same place's child, whatever it holds. */
  at(key: string | number): Field {
    const holder = this.value as Record<string | number, unknown> | undefined | null;
    const isHolder = typeof holder === 'object' && holder !== null && Object.hasOwn(holder, key);
    return new Field(isHolder ? holder[key] : undefined, [...this.path, key], this.#problems);
  }

  /** The place that such a path leads to from here, for problems that another reader has found in this one. */
  within(path: Path): Field {
    return path.reduce<Field>((place, key) => place.at(key), this);
  }

  /** The same place with another value, for a door that completes what was written. */
  as(value: unknown): Field {
    return new Field(value, this.path, this.#problems);
  }

  string(options: { readonly nonEmpty?: boolean } = {}): string {
    if (typeof this.value !== 'string') {
      // In YAML `version: 1` is a number.
      const hint = ['number', 'boolean'].includes(typeof this.value) ? '; in quotes it is one' : '';
      return this.#wrong('must be a text', '', true, hint);
    }
    if (options.nonEmpty !== false && this.value === '') return this.#wrong('must not be empty', '', false);
    return this.value;
  }

  boolean(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.#wrong('must be true or false', false);
  }

  number(limits: NumberLimits = {}): number {
    const { above, atLeast, atMost, whole } = limits;
    const found = this.value;
    const fits =
      typeof found === 'number' &&
      Number.isFinite(found) &&
      (whole !== true || Number.isSafeInteger(found)) &&
      (above === undefined || found > above) &&
      (atLeast === undefined || found >= atLeast) &&
      (atMost === undefined || found <= atMost);
    return fits ? found : this.#wrong(describeLimits(limits), atLeast ?? 1);
  }

  /** A duration with its unit, as milliseconds. */
  duration(limits: { readonly above?: number; readonly atMost?: number } = {}): number {
    const found = typeof this.value === 'number' && this.value === 0 ? '0' : this.value;
    const durationMs = typeof found === 'string' ? parseDuration(found.trim()) : undefined;
    if (durationMs === undefined) {
      return this.#wrong(`must be a duration with a unit, like 250ms, 30s or 2m`, 1);
    }
    if (limits.above !== undefined && durationMs <= limits.above) {
      return this.#wrong(`must be longer than ${writeDuration(limits.above)}`, 1);
    }
    if (limits.atMost !== undefined && durationMs > limits.atMost) {
      return this.#wrong(`must be at most ${writeDuration(limits.atMost)}`, 1);
    }
    return durationMs;
  }

  /** A size with its unit, as bytes. */
  bytes(): number {
    const bytes = typeof this.value === 'string' ? parseBytes(this.value.trim()) : undefined;
    return bytes ?? this.#wrong('must be a size with a unit, like 512MB or 64KiB', 1);
  }

  oneOf<const Choice extends string>(choices: readonly Choice[]): Choice {
    const found = choices.find((choice) => choice === this.value);
    if (found !== undefined) return found;
    const meant = typeof this.value === 'string' ? closest(this.value, choices) : undefined;
    const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
    return this.#wrong(`must be one of ${choices.join(', ')}`, choices[0] as Choice, true, hint);
  }

  /** Each element through `read`, in order. */
  array<Item>(read: (item: Field) => Item, options: { readonly nonEmpty?: boolean } = {}): Item[] {
    if (!Array.isArray(this.value)) return this.#wrong('must be a list', []);
    if (options.nonEmpty === true && this.value.length === 0)
      return this.#wrong('must not be empty', [], false);
    return this.value.map((_, index) => read(this.at(index)));
  }

  /** Each entry through `read`, under keys that the input chooses. */
  record<Entry>(read: (entry: Field, key: string) => Entry): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    if (!this.#isObject()) return this.#wrong('must be a map of names', entries);
    for (const key of Object.keys(this.value as object)) entries.set(key, read(this.at(key), key));
    return entries;
  }

  /** An object with known keys; `known` lists them all, and any other is a problem that names the closest. */
  object<const Key extends string>(known: readonly Key[]): ObjectField<Key> {
    if (!this.#isObject()) {
      this.#wrong(`must be a map with ${known.join(', ')}`, undefined);
      return new ObjectField<Key>(new Field({}, this.path, []));
    }
    for (const key of Object.keys(this.value as object)) {
      if ((known as readonly string[]).includes(key)) continue;
      const meant = closest(key, known);
      const hint = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`;
      this.#problems.push({ path: [...this.path, key], message: `is not known; ${hint}` });
    }
    return new ObjectField<Key>(this);
  }

  #isObject(): boolean {
    return typeof this.value === 'object' && this.value !== null && !Array.isArray(this.value);
  }

  #wrong<StandIn>(expected: string, standIn: StandIn, showFound = true, hint = ''): StandIn {
    this.problem(`${expected}${showFound ? `, got ${show(this.value)}` : ''}${hint}`);
    return standIn;
  }
}

/** An object whose keys were checked against those that are known. */
export class ObjectField<Key extends string> {
  readonly field: Field;

  constructor(field: Field) {
    this.field = field;
  }

  has(key: Key): boolean {
    return this.field.at(key).value !== undefined;
  }

  /** The place of `key`; that it is absent is noted by whoever reads it, as `got nothing`. */
  required(key: Key): Field {
    return this.field.at(key);
  }

  /** The place of `key`, or undefined where it is absent. A key that is there with null is not absent. */
  optional(key: Key): Field | undefined {
    const field = this.field.at(key);
    return field.value === undefined ? undefined : field;
  }
}

/** A found value, short enough for a message. */
export function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  const text =
    typeof value === 'string'
      ? JSON.stringify(value)
      : typeof value === 'object'
        ? kindOf(value)
        : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** The known word that was probably meant: at most two edits away, and nearer than half the word. */
export function closest<Word extends string>(found: string, known: readonly Word[]): Word | undefined {
  // Nobody mistypes a word of this length, and comparing it would take its time.
  if (found.length > 100) return undefined;
  let best: Word | undefined;
  let bestDistance = Math.min(3, Math.ceil(found.length / 2));
  for (const word of known) {
    if (Math.abs(word.length - found.length) >= bestDistance) continue;
    const distance = editDistance(found.toLowerCase(), word.toLowerCase());
    if (distance < bestDistance) {
      best = word;
      bestDistance = distance;
    }
  }
  return best;
}

/** What helps whoever has said a name that nothing has: the one that was probably meant, or those that there are. */
export function nameHint(name: string, known: readonly string[]): string {
  const meant = closest(name, known);
  if (meant !== undefined) return `did you mean ${meant}?`;
  return known.length === 0 ? 'there are none' : `there are ${known.slice(0, namesMax).join(', ')}`;
}

/** Whoever looks for a name among more asks for a list. */
const namesMax = 20;

function kindOf(value: object): string {
  return Array.isArray(value) ? `a list of ${value.length}` : 'a map';
}

function describeLimits({ above, atLeast, atMost, whole }: NumberLimits): string {
  const parts = [
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(atLeast === undefined ? [] : [`at least ${atLeast}`]),
    ...(atMost === undefined ? [] : [`at most ${atMost}`]),
  ];
  const noun = whole === true ? 'a whole number' : 'a number';
  return parts.length === 0 ? `must be ${noun}` : `must be ${noun} ${parts.join(' and ')}`;
}

/** How many letters were added, left out, replaced or swapped with their neighbour (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let twoBack: number[] = [];
  let before = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (before[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? (twoBack[j - 2] as number) + 1 : replaced;
      row.push(Math.min((before[j] as number) + 1, (row[j - 1] as number) + 1, replaced, swapped));
    }
    twoBack = before;
    before = row;
  }
  return before[b.length] as number;
}

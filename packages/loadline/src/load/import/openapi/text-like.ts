import { integerBetween, type Random } from '../../../base/index.ts';

/**
 * A text that a regular expression matches, for those that are put together from letters, classes, groups,
 * alternatives and counts. Undefined for what looks around or back, and where no such text has a length between
 * the limits.
 */
export function textLike(
  pattern: string,
  random: Random,
  limits: { readonly lengthMin: number; readonly lengthMax: number },
): string | undefined {
  const expression = compile(pattern);
  if (expression === undefined) return undefined;
  for (let more = 0; more <= attemptsMax; more++) {
    const text = new Generator(pattern, random, more).generate();
    const fits = text !== undefined && text.length >= limits.lengthMin && text.length <= limits.lengthMax;
    if (fits && expression.test(text)) return text;
  }
  return undefined;
}

const attemptsMax = 40;
const lengthMax = 1000;

function compile(pattern: string): RegExp | undefined {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(pattern, flags);
    } catch {
      // Another dialect, or none.
    }
  }
  return undefined;
}

/** Reads a pattern and writes a text at once; each count is its least, and `more` where it is open. */
class Generator {
  readonly #pattern: string;
  readonly #random: Random;
  readonly #more: number;
  #at = 0;

  constructor(pattern: string, random: Random, more: number) {
    this.#pattern = pattern;
    this.#random = random;
    this.#more = more;
  }

  generate(): string | undefined {
    try {
      const text = this.#alternatives(0);
      return this.#at === this.#pattern.length ? text : undefined;
    } catch (error) {
      if (error === unsupported) return undefined;
      throw error;
    }
  }

  #alternatives(depth: number): string {
    if (depth > depthMax) throw unsupported;
    const all = [this.#sequence(depth)];
    while (this.#take('|')) all.push(this.#sequence(depth));
    return all[integerBetween(this.#random, 0, all.length - 1)] as string;
  }

  #sequence(depth: number): string {
    let text = '';
    while (this.#at < this.#pattern.length && !/[|)]/.test(this.#pattern[this.#at] as string)) {
      const from = this.#at;
      const atom = this.#atom(depth);
      const count = this.#count();
      text += atom;
      // Each repetition is drawn anew.
      const end = this.#at;
      for (let again = 1; again < count && text.length < lengthMax; again++) {
        this.#at = from;
        text += this.#atom(depth);
      }
      this.#at = end;
      if (count === 0) text = text.slice(0, text.length - atom.length);
    }
    return text;
  }

  #atom(depth: number): string {
    const letter = this.#pattern[this.#at++] as string;
    switch (letter) {
      case '^':
      case '$':
        return '';
      case '.':
        return this.#oneOf(letters);
      case '(': {
        if (this.#take('?') && !this.#take(':')) this.#groupName();
        const text = this.#alternatives(depth + 1);
        if (!this.#take(')')) throw unsupported;
        return text;
      }
      case '[':
        return this.#oneOf(this.#class());
      case '\\':
        return this.#oneOf(this.#escape());
      case '*':
      case '+':
      case '?':
        throw unsupported;
      default:
        return letter;
    }
  }

  #groupName(): void {
    const name = /^<[A-Za-z_]\w*>/.exec(this.#pattern.slice(this.#at))?.[0];
    if (name === undefined) throw unsupported;
    this.#at += name.length;
  }

  #count(): number {
    const [whole = '', sign, least, comma, most] =
      /^(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/.exec(this.#pattern.slice(this.#at)) ?? [];
    this.#at += whole.length;
    if (whole === '') return 1;
    if (sign === '?') return integerBetween(this.#random, 0, 1);
    if (sign !== undefined) return (sign === '+' ? 1 : 0) + this.#more;
    const min = Number(least);
    const max = comma === '' ? min : most === '' ? min + this.#more : Math.max(min, Number(most));
    return Math.min(max, min + this.#more);
  }

  #class(): readonly string[] {
    const isNegated = this.#take('^');
    const members = new Set<string>();
    while (!this.#take(']')) {
      const first = this.#member();
      const isRange =
        this.#pattern[this.#at] === '-' && this.#pattern[this.#at + 1] !== ']' && first.length === 1;
      if (isRange) this.#at++;
      for (const each of isRange ? between(first[0] as string, this.#member()[0] ?? '') : first)
        members.add(each);
    }
    return isNegated ? letters.filter((each) => !members.has(each)) : [...members];
  }

  #member(): readonly string[] {
    const letter = this.#pattern[this.#at++];
    if (letter === undefined) throw unsupported;
    return letter === '\\' ? this.#escape() : [letter];
  }

  #escape(): readonly string[] {
    const letter = this.#pattern[this.#at++];
    switch (letter) {
      case 'd':
        return between('0', '9');
      case 'w':
        return [...between('a', 'z'), ...between('0', '9')];
      case 's':
        return [' '];
      case 'D':
      case 'W':
      case 'S':
        return letter === 'W' ? ['-'] : between('a', 'z');
      case 't':
        return ['\t'];
      default:
        // Boundaries, references back, code points and properties.
        if (letter === undefined || /[A-Za-z0-9]/.test(letter)) throw unsupported;
        return [letter];
    }
  }

  #oneOf(choices: readonly string[]): string {
    if (choices.length === 0) throw unsupported;
    return choices[integerBetween(this.#random, 0, choices.length - 1)] as string;
  }

  #take(letter: string): boolean {
    if (this.#pattern[this.#at] !== letter) return false;
    this.#at++;
    return true;
  }
}

/** Thrown within the generator, and caught there. */
const unsupported: unique symbol = Symbol('unsupported');
const depthMax = 20;

/** What people write, rather than all of ASCII. */
const letters: readonly string[] = [
  ...between('a', 'z'),
  ...between('A', 'Z'),
  ...between('0', '9'),
  '-',
  '_',
];

function between(from: string, to: string): string[] {
  const [first, last] = [from.charCodeAt(0), to.charCodeAt(0)];
  if (!(last >= first) || last - first > 1000) throw unsupported;
  return Array.from({ length: last - first + 1 }, (_, at) => String.fromCharCode(first + at));
}

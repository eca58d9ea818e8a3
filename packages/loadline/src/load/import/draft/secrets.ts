import { environmentName, uniqueNames, wordsOf } from './names.ts';
import type { EnvironmentNeed } from './scenario-draft.ts';
import { hole } from './texts.ts';

/**
 * What must not stand in a written file: each secret gets a name in the environment. First all are noted, by
 * where they stand or by how they look; then every text is written without any of them, wherever else they are.
 */
export class Secrets {
  readonly #names = new Map<string, string>();
  /** Secrets by their first letters, so that a text is searched for thousands of them at once. */
  readonly #byStart = new Map<string, string[]>();
  readonly #what = new Map<string, string>();
  readonly #used = new Set<string>();
  readonly #unique = uniqueNames('_');

  /**
   * Notes a secret, unless it is known.
   *
   * @param calls what it is called where it stands, as in `x-api-key`.
   * @param what what it is, for the list of what has to be set.
   */
  note(value: string, calls: string, what: string): void {
    if (value === '' || this.#names.has(value)) return;
    const name = this.#unique(environmentName(wordsOf(calls)));
    this.#what.set(name, what);
    for (const form of new Set(formsOf(value))) if (!this.#names.has(form)) this.#add(form, name);
  }

  /** A hole for what has to be set and was never seen. */
  ask(calls: string, what: string): string {
    const name = this.#unique(environmentName(wordsOf(calls)));
    this.#what.set(name, what);
    return this.#hole(name);
  }

  /** The hole that stands for a secret; undefined for what is none. */
  holeFor(value: string): string | undefined {
    const name = this.#names.get(value);
    return name === undefined ? undefined : this.#hole(name);
  }

  /** A text with a hole in the place of each secret. */
  conceal(text: string): string {
    if (text.length >= wholeMin && this.#names.has(text)) return this.holeFor(text) as string;
    return this.#replace(text, (secret) => this.holeFor(secret) as string);
  }

  /** For places that know no holes: names, comments. */
  mask(text: string): string {
    if (text.length >= wholeMin && this.#names.has(text)) return '***';
    return this.#replace(text, () => '***');
  }

  /** Whether a text holds a secret. */
  isIn(text: string): boolean {
    return this.mask(text) !== text;
  }

  /** Those that a written text has holes for, by name. */
  needs(): EnvironmentNeed[] {
    return [...this.#used].toSorted().map((name) => ({ name, what: this.#what.get(name) as string }));
  }

  #add(form: string, name: string): void {
    this.#names.set(form, name);
    if (form.length < wholeBelow) return;
    const start = form.slice(0, wholeBelow);
    const others = this.#byStart.get(start) ?? [];
    this.#byStart.set(
      start,
      [...others, form].sort((a, b) => b.length - a.length),
    );
  }

  #hole(name: string): string {
    this.#used.add(name);
    return hole(`$env.${name}`);
  }

  #replace(text: string, stand: (secret: string) => string): string {
    if (this.#byStart.size === 0 || text.length < wholeBelow) return text;
    let replaced = '';
    let from = 0;
    for (let at = 0; at <= text.length - wholeBelow; at++) {
      const found = this.#byStart
        .get(text.slice(at, at + wholeBelow))
        ?.find((each) => text.startsWith(each, at));
      if (found === undefined) continue;
      // `{{{$env.A}}` would be no hole.
      replaced += text.slice(from, at).replace(/\{+$/, '') + stand(found);
      at += found.length - 1;
      from = at + 1;
    }
    return from === 0 ? text : replaced + text.slice(from);
  }
}

/** Shorter secrets are replaced only where they are the whole value: `pass` stands in many a word. */
const wholeBelow = 6;
/** And below this length only where they were noted: `1` is many a value. */
const wholeMin = 4;

/** As it is, within an address, within a form, and within JSON. */
function formsOf(value: string): string[] {
  const encoded = encodeURIComponent(value.toWellFormed());
  return [value, encoded, encoded.replaceAll('%20', '+'), JSON.stringify(value).slice(1, -1)];
}

/** HTML that is safe already. Only `html` and `trusted` make it, so whatever else meets a page is escaped. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What may stand between the pieces of a template; what is absent leaves nothing. */
export type Piece = Markup | string | number | undefined | readonly Piece[];

/** A template of HTML. Attributes stand in double quotes. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  let text = strings[0] as string;
  for (const [at, piece] of pieces.entries()) text += textOf(piece) + strings[at + 1];
  return new Markup(text);
}

/** A text of our own that is HTML as it stands. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

/** A text in which `backticks` mean code, as everywhere in the contract. */
export function prose(text: string): Markup {
  const parts = text.split('`');
  // Every second part stood between two; a last one without its partner is a text as it was.
  return html`${parts.map((part, at) =>
    at % 2 === 1 && at < parts.length - 1 ? html`<code>${part}</code>` : at % 2 === 1 ? `\`${part}` : part,
  )}`;
}

function textOf(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Markup) return piece.toString();
  if (typeof piece === 'number') return String(piece);
  if (typeof piece === 'string')
    return piece.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return piece.map(textOf).join('');
}

/** HTML that is already safe. Only `html` and `trusted` make it, so whatever else meets a page is escaped. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** What may stand between the pieces of a template: a text is escaped, and what is absent leaves nothing. */
export type Piece = Markup | string | number | undefined | readonly Piece[];

/** A template of HTML or SVG. Attributes stand in double quotes. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  let text = strings[0] as string;
  for (const [at, piece] of pieces.entries()) text += markupOf(piece) + strings[at + 1];
  return new Markup(text);
}

/** A text of our own that is HTML as it stands; never one that came from outside. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

/**
 * A value as JSON in a script element. Nothing in it can end the element, because `<` is written as an escape.
 */
export function jsonScript(id: string, value: unknown): Markup {
  const json = JSON.stringify(value).replaceAll('<', '\\u003c');
  return html`<script type="application/json" id="${id}">${trusted(json)}</script>`;
}

function markupOf(piece: Piece): string {
  if (piece === undefined) return '';
  if (piece instanceof Markup) return piece.toString();
  if (typeof piece === 'number') return String(piece);
  if (typeof piece === 'string') return escapeText(piece);
  return piece.map(markupOf).join('');
}

/** Control characters would be invisible, or an error of the parser: they become a mark that is seen. */
function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}--[\t\n]]/gv, '\ufffd')
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

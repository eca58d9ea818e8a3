import { html, type Markup } from 'loadline/base';

/** A text in which `backticks` mean code, as everywhere in the contract. */
export function prose(text: string): Markup {
  const parts = text.split('`');
  // Every second part stood between two; a last one without its partner is a text as it was.
  return html`${parts.map((part, at) =>
    at % 2 === 1 && at < parts.length - 1 ? html`<code>${part}</code>` : at % 2 === 1 ? `\`${part}` : part,
  )}`;
}

import { html, jsonScript, trusted } from 'loadline/base';
import { describe, expect, it } from 'vitest';

describe('html', () => {
  it('escapes texts, in contents as in attributes', () => {
    expect(`${html`<b title="${'"><i>'}">${"a & b's"}</b>`}`).toBe(
      '<b title="&#34;&#62;&#60;i&#62;">a &#38; b&#39;s</b>',
    );
  });

  it('takes markup, lists and numbers as they are, and leaves out what is absent', () => {
    const list = [html`<i>${1}</i>`, undefined, trusted('<hr>')];
    expect(`${html`<b>${list}</b>`}`).toBe('<b><i>1</i><hr></b>');
  });

  it('takes no object for markup that only looks like it', () => {
    const forged = { toString: () => '<img>' } as unknown as string;
    expect(() => `${html`${forged}`}`).toThrow();
  });

  it('shows control characters and halves of a character as a mark', () => {
    expect(`${html`${'a\0b\u001b\ud800\n'}`}`).toBe('a\ufffdb\ufffd\ufffd\n');
  });
});

describe('jsonScript()', () => {
  it('is not ended by its content, and reads back as it was', () => {
    const value = ['</script><!--<script>', '\u2028'];
    const text = `${jsonScript('numbers', value)}`;
    expect(text.match(/<\/?script/g)).toHaveLength(2);
    expect(JSON.parse(text.replace(/<[^>]*>/g, ''))).toEqual(value);
  });
});

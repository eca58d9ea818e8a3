export const carriageReturn = 0x0d;
export const lineFeed = 0x0a;
export const colon = 0x3a;
export const semicolon = 0x3b;
export const space = 0x20;
export const tab = 0x09;

/** Which bytes may stand where in a head (RFC 9110, section 5.6.2; RFC 9112, section 3). Indexed by the byte. */
export const isTokenByte: Uint8Array = tableOf(
  "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
);

/** A field's value: what is visible, spaces and tabs, and bytes from 0x80, which old senders use for their alphabets. */
export const isValueByte: Uint8Array = new Uint8Array(256).map((_, byte) =>
  byte === tab || (byte >= 0x20 && byte !== 0x7f) ? 1 : 0,
);

/** A request's target: what is visible in ASCII. */
export const isTargetByte: Uint8Array = new Uint8Array(256).map((_, byte) =>
  byte > 0x20 && byte < 0x7f ? 1 : 0,
);

/** The value of a hexadecimal digit; 255 where it is none. */
export const hexValue: Uint8Array = new Uint8Array(256).map((_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase());
  return digit < 0 ? 255 : digit;
});

/** A piece of what was found, short enough for an answer and without anything that a terminal would obey. */
export function quote(text: string): string {
  const cut = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return JSON.stringify(cut).replace(/[^\x20-\x7e…]/g, '?');
}

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/**
 * The text of a header value. A header is bytes that are read as latin1, but servers write addresses and cookies in
 * UTF-8; what is not UTF-8 stays as it is.
 */
export function headerText(value: string): string {
  if (!/[\x80-\xff]/.test(value) || /[^\0-\xff]/.test(value)) return value;
  const text = Buffer.from(value, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? value : text;
}

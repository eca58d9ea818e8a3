/** An address for a message, which may end in a log that others read: without a user and password. */
export function withoutPassword(address: string): string {
  return address.replace(/^(.*?\/\/)?.*@/, '$1…@');
}

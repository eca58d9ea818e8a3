/**
 * What kept somebody from being reached, in plain words, without a full stop. `fetch failed` says nothing: what it was for stands
 * behind it. Who is asked stands in the sentence before.
 *
 * @param advice what to do where nobody listens.
 */
export function whyUnreached(error: unknown, advice?: string): string {
  const { cause, message, code } = error as NodeJS.ErrnoException;
  const deeper = (cause instanceof Error ? cause : { message, code }) as NodeJS.ErrnoException;
  switch (deeper.code) {
    case 'ECONNREFUSED':
      return advice === undefined ? 'nobody listens there' : `nobody listens there; ${advice}`;
    case 'ENOTFOUND':
      return 'there is no host of that name';
    case 'ECONNRESET':
      return 'the connection was cut';
    default:
      return deeper.message || deeper.code || message;
  }
}

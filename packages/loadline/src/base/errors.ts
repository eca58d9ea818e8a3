/**
 * An expected failure, with a stable code from one room's table.
 *
 * The message says what was attempted, what was found and what to do; the facts are fields, so that a
 * program need not parse the sentence. Mistakes in our own code are not LoadlineErrors: they fail `assert`.
 */
export class LoadlineError extends Error {
  override readonly name = 'LoadlineError';
  /** Stable, listed in docs/reference/errors.md, for example `LOAD_FILE_INVALID`. */
  readonly code: string;
  /** What was found, by name. Never holds a secret. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: LoadlineErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.facts = options.facts ?? {};
  }

  override toString(): string {
    return `${this.code}: ${this.message}`;
  }
}

/** What an error carries besides its sentence. */
export interface LoadlineErrorOptions {
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A room's error table: code → what it means and what to do, as printed in docs/reference/errors.md. */
export type ErrorTable = Readonly<Record<string, ErrorEntry>>;

/** What stands beside one code in docs/reference/errors.md. */
export interface ErrorEntry {
  /** One sentence: what has happened. */
  readonly means: string;
  /** One sentence: what the reader can do about it. */
  readonly remedy: string;
}

/**
 * Makes the one function with which a room creates its errors, so that a code that is not in the room's
 * table does not compile.
 *
 * @example
 * export const loadErrorTable = { LOAD_FILE_INVALID: { means: '…', remedy: '…' } } as const;
 * export const loadError = errorsOf(loadErrorTable);
 * throw loadError('LOAD_FILE_INVALID', 'Cannot read …', { facts: { problems } });
 */
export function errorsOf<Table extends ErrorTable>(
  _table: Table,
): (code: keyof Table & string, message: string, options?: LoadlineErrorOptions) => LoadlineError {
  return (code, message, options) => new LoadlineError(code, message, options);
}

/** Whether a thrown value is one of ours, optionally with this code. */
export function isLoadlineError(thrown: unknown, code?: string): thrown is LoadlineError {
  return thrown instanceof LoadlineError && (code === undefined || thrown.code === code);
}

import { styleText } from 'node:util';

/** Where a command writes: results to `out`, everything else to `err`. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Whether `err` is a screen on which progress may be drawn. */
  readonly isInteractive: boolean;
  /** Columns of the screen that `out` writes to, or else `err`; 100 where both are files. */
  readonly width: number;
  readonly style: Style;
}

/** Gives a text a format; where the terminal shows no colors, gives it back as it is. */
export type Style = (format: Format, text: string) => string;
export type Format = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** The terminal of this process; colors only on a screen, and never against NO_COLOR. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  const hasColor = stdout.isTTY && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    isInteractive: stderr.isTTY && env.TERM !== 'dumb',
    width: stdout.columns ?? stderr.columns ?? 100,
    style: (format, text) => (hasColor ? styleText(format, text, { validateStream: false }) : text),
  };
}

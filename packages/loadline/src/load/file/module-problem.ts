import { readFileSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Why a file could not be imported, with the line in it where that is known: `line 3: Expression expected`. */
export function whyNotImported(path: string, thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const missing = missingOf(thrown);
  if (missing?.what === path) return 'there is no such file';
  const from = missing === undefined ? whereThrown(thrown, path) : whereNamed(missing);
  const message =
    missing === undefined
      ? thrown.message
      : `imports ${shownFrom(path, missing.what)}, which is not ${missing.isPackage ? 'installed' : 'there'}`;
  if (from === undefined) return message;
  const file = from.file === path ? '' : `${shownFrom(path, from.file)}, `;
  return `${file}line ${from.line}: ${message}`;
}

interface Place {
  readonly file: string;
  readonly line: number;
}

interface Missing {
  readonly what: string;
  readonly isPackage: boolean;
  readonly importer: string;
}

/** Node.js says so in no other way than in words. */
function missingOf(error: Error): Missing | undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  const [, kind, what, importer] =
    /^Cannot find (module|package) '([^']+)' imported from (.+)$/.exec(error.message) ?? [];
  return what === undefined || importer === undefined
    ? undefined
    : { what: pathOf(what), isPackage: kind === 'package', importer: pathOf(importer) };
}

/** The line that names what is missing. */
function whereNamed({ what, importer }: Missing): Place | undefined {
  try {
    const lines = readFileSync(importer, 'utf8').split('\n');
    const line = lines.findIndex((text) => /\b(?:from|import)\b/.test(text) && text.includes(basename(what)));
    return line < 0 ? undefined : { file: importer, line: line + 1 };
  } catch {
    return undefined;
  }
}

/** A mistake of syntax stands on top of the stack, `file:3`; of what was thrown, it is the deepest line of the file. */
function whereThrown({ stack = '' }: Error, path: string): Place | undefined {
  const [, top, topLine] = /^(.+):(\d+)\n/.exec(stack) ?? [];
  if (top !== undefined && !top.includes(' ')) return { file: pathOf(top), line: Number(topLine) };
  const frames = stack.matchAll(/^ +at (?:.*\()?([^\s()]+):(\d+):\d+\)?$/gm);
  for (const [, file, line] of frames)
    if (pathOf(file as string) === path) return { file: path, line: Number(line) };
  return undefined;
}

function pathOf(place: string): string {
  return place.startsWith('file:') ? fileURLToPath(place) : place;
}

/** As an import of the file names it. */
function shownFrom(path: string, other: string): string {
  return other.startsWith('/') || /^[A-Za-z]:/.test(other) ? relative(dirname(path), other) : other;
}

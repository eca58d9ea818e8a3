import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatPath } from 'loadline/base';
import { parseDocument, type YAMLParseError } from 'yaml';
import { parseServices, type ServiceDescription } from './service-description.ts';

/** What is wrong with a services file, a line each; or what it describes. */
export type ServicesRead =
  | { readonly ok: true; readonly services: readonly ServiceDescription[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads the file of `--services`: YAML, or JSON, which is YAML too. */
export function readServicesFile(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
): ServicesRead {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { ok: false, problems: [code === 'ENOENT' ? 'there is no such file' : message] };
  }
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  // After a first slip everything that follows looks wrong, and is not.
  const slip = document.errors[0];
  if (slip !== undefined) return { ok: false, problems: [tellSlip(slip, text)] };
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // An alias that nothing has the name of, or aliases that unfold to more than the reader allows.
    return { ok: false, problems: [(error as Error).message] };
  }
  const parsed = parseServices(value, { folder: dirname(path), environment });
  if (parsed.ok) return { ok: true, services: parsed.value };
  return {
    ok: false,
    problems: parsed.problems.map((problem) => `${formatPath(problem.path)} ${problem.message}`),
  };
}

function tellSlip({ code, pos, message }: YAMLParseError, text: string): string {
  const line = text.slice(0, pos[0]).split('\n').length;
  const told =
    code === 'BLOCK_AS_IMPLICIT_KEY'
      ? 'a value stands here, and keys beside it or below it: one of the two has to go'
      : message;
  return `line ${line}: ${told}`;
}

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { listProblems, readText } from 'loadline/base/source';
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
  const source = readText(path, text);
  const parsed = parseServices(source.value, { folder: dirname(path), environment });
  const problems = listProblems(source, parsed.ok ? [] : parsed.problems);
  return parsed.ok && problems.length === 0 ? { ok: true, services: parsed.value } : { ok: false, problems };
}

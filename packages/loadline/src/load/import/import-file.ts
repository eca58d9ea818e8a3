import { basename } from 'node:path';
import { formatBytes, formatPath, type Parsed, type Problem } from '../../base/index.ts';
import { readYaml } from '../../base/source/index.ts';
import { loadError } from '../errors.ts';
import { readWhole } from '../file/read-file.ts';
import type { FileDraft } from './draft/scenario-draft.ts';
import { writeScenario } from './draft/scenario-writer.ts';
import { draftFromHar, type HarOptions } from './har/har.ts';
import { draftFromOpenapi, type OpenapiOptions } from './openapi/openapi.ts';

/**
 * Writes a scenario of a recording: a HAR file, as browsers, proxies and test tools save it, of at most 100 MB
 * and 10,000 requests.
 *
 * @returns the text of a scenario file.
 * @throws LOAD_IMPORT_UNREADABLE, LOAD_IMPORT_INVALID with every problem, also as `facts.problems`
 */
export async function importHar(path: string, options: Omit<HarOptions, 'file'> = {}): Promise<string> {
  const value = parseJson(path, await readText(path, harBytesMax));
  return write(path, draftFromHar(value, { ...options, file: basename(path) }), formatProblem);
}

/**
 * Writes scenarios of an API description: OpenAPI 3, as YAML or JSON, of at most 20 MB, in one document.
 *
 * @returns the text of a scenario file.
 * @throws LOAD_IMPORT_UNREADABLE, LOAD_IMPORT_INVALID with every problem, also as `facts.problems`
 */
export async function importOpenapi(
  path: string,
  options: Omit<OpenapiOptions, 'file'> = {},
): Promise<string> {
  const text = await readText(path, openapiBytesMax);
  // JSON is YAML too, which knows the lines but takes its time.
  const isJson = /^\s*\{/.test(text);
  const source = isJson ? undefined : readYaml(text);
  if (source !== undefined && source.problems.length > 0) throw invalid(path, source.problems);
  const value = source === undefined ? parseJson(path, text) : source.value;
  const draft = draftFromOpenapi(value, { ...options, file: basename(path) });
  return write(path, draft, (problem) => source?.locate(problem) ?? formatProblem(problem));
}

const openapiBytesMax = 20_000_000;
const harBytesMax = 100_000_000;
/** What `readLoadPlan` takes. */
const scenarioBytesMax = 5_000_000;

async function readText(path: string, bytesMax: number): Promise<string> {
  try {
    return (await readWhole(path, bytesMax)).toString('utf8').replace(/^\uFEFF/, '');
  } catch (cause) {
    const message = `Cannot import ${path}: ${(cause as Error).message}.`;
    throw loadError('LOAD_IMPORT_UNREADABLE', message, { cause, facts: { path } });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(path, [placeInJson((error as Error).message)]);
  }
}

/** What V8 says, without the excerpt, which may be anybody's password. */
function placeInJson(message: string): string {
  const line = /\(line (\d+) column \d+\)$/.exec(message)?.[1];
  const what = message.split(/,? in JSON at |, (?:\.\.\.)?"/)[0];
  return `${line === undefined ? '' : `line ${line}: `}it is no JSON: ${what}`;
}

function write(path: string, draft: Parsed<FileDraft>, format: (problem: Problem) => string): string {
  if (!draft.ok) throw invalid(path, [...new Set(draft.problems.map(format))]);
  const text = writeScenario(draft.value);
  const bytes = Buffer.byteLength(text);
  if (bytes <= scenarioBytesMax) return text;
  throw invalid(path, [
    `it makes a scenario of ${formatBytes(bytes)}; the limit is ${formatBytes(scenarioBytesMax)}, choose less of it`,
  ]);
}

function formatProblem({ path, message }: Problem): string {
  return `${formatPath(path)} ${message}`;
}

/** Who has this many to correct need not be told of more at once. */
const problemsMax = 100;

function invalid(path: string, problems: readonly string[]): Error {
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  const shown = problems.slice(0, problemsMax).map((problem) => `  ${problem}`);
  const rest = problems.length - shown.length;
  const list = [...shown, ...(rest > 0 ? [`  … and ${rest} more`] : [])].join('\n');
  return loadError('LOAD_IMPORT_INVALID', `Cannot import ${path}: it has ${count}.\n${list}`, {
    facts: { path, problems },
  });
}

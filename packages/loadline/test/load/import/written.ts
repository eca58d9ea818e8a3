import type { LoadPlan, RequestStep } from 'loadline/load';
import { readYaml } from '../../../src/base/source/index.ts';
import { parseScenarioFile, type ScenarioFile } from '../../../src/load/file/grammar/scenario-file.ts';
import { writeScenario } from '../../../src/load/import/draft/scenario-writer.ts';
import { draftFromHar, type HarOptions } from '../../../src/load/import/har/har.ts';
import { draftFromOpenapi, type OpenapiOptions } from '../../../src/load/import/openapi/openapi.ts';
import type { Template } from '../../../src/load/steps/template.ts';

/** What was written of a recording, or the problems in its place. */
export function fromHar(value: unknown, options: Omit<HarOptions, 'file'> = {}): string {
  const draft = draftFromHar(value, { file: 'shop.har', ...options });
  return draft.ok
    ? writeScenario(draft.value)
    : draft.problems.map(({ path, message }) => `${path.join('.')} ${message}`).join('\n');
}

export function fromOpenapi(value: unknown, options: Omit<OpenapiOptions, 'file'> = {}): string {
  const draft = draftFromOpenapi(value, { file: 'api.yaml', ...options });
  return draft.ok
    ? writeScenario(draft.value)
    : draft.problems.map(({ path, message }) => `${path.join('.')} ${message}`).join('\n');
}

/** A written file as Loadline reads it, every variable of the environment set to a text that shows its name. */
export function read(yaml: string): ScenarioFile {
  const source = readYaml(yaml);
  if (source.problems.length > 0) throw new Error(`${source.problems.join('\n')}\n${yaml}`);
  const names = [...yaml.matchAll(/\{\{\$env\.(\w+)/g)].map(([, name]) => name as string);
  const missing = { problem: 'was not read' };
  const file = parseScenarioFile(source.value, {
    readTable: () => missing,
    readFile: () => missing,
    readScript: () => missing,
    env: Object.fromEntries(
      names.map((name) => [name, yaml.includes(`$env.${name} as number`) ? '42' : `<${name}>`]),
    ),
  });
  if (!file.ok)
    throw new Error(`${file.problems.map((problem) => source.locate(problem)).join('\n')}\n${yaml}`);
  return file.value;
}

/** The requests of a file, of all its scenarios. */
export function requestsOf(file: Pick<LoadPlan, 'scenarios'>): RequestStep[] {
  return file.scenarios.flatMap(({ steps }) => steps.filter((step) => step.kind === 'request'));
}

/** A template as a text, holes by their names. */
export function shown(template: Template): string {
  return template.parts
    .map((part) => {
      if (typeof part === 'string') return part;
      return `{{${part.slot.kind === 'variable' ? part.slot.name : part.slot.kind}}}`;
    })
    .join('');
}

/** A request's body as a text; of a multipart body, its parts. */
export function bodyOf({ body }: RequestStep): string | undefined {
  if (body === undefined) return undefined;
  if (!('boundary' in body)) return shown(body);
  return body.parts
    .map((part) => `${part.name}=${'value' in part ? shown(part.value) : part.fileName}`)
    .join('&');
}

export function headerOf({ headers }: RequestStep, name: string): string | undefined {
  const header = headers.find((each) => each.name === name);
  return header && shown(header.value);
}

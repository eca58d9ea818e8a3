import { createRandom, type Field, type Parsed, parse } from '../../../base/index.ts';
import { hoist } from '../draft/hoist.ts';
import { uniqueNames } from '../draft/names.ts';
import type { FileDraft, ScenarioDraft, StepDraft } from '../draft/scenario-draft.ts';
import { Secrets } from '../draft/secrets.ts';
import { ApiPlace } from './api-place.ts';
import { planJourney } from './journey.ts';
import { operationDraft } from './operation-draft.ts';
import { chooseOperations, labelOf, type Operation, type OperationChoice } from './operations.ts';
import { securityOf } from './security.ts';
import { type Server, serverOf } from './server.ts';

export interface OpenapiOptions extends OperationChoice {
  /** Of the file, for the comment on top. */
  readonly file: string;
  /** Instead of the server that the description names. Its path, where it has one, comes before all paths. */
  readonly target?: string | undefined;
}

/**
 * Makes scenarios of the value of an OpenAPI 3 description, one for each tag: its operations in an order that
 * works, with example values. Pure: the same description gives the same file.
 */
export function draftFromOpenapi(value: unknown, options: OpenapiOptions): Parsed<FileDraft> {
  return parse(value, (root) => {
    if (!checkVersion(root)) return { intro: [], target: '', scenarios: [] };
    const document = new ApiPlace(root, root);
    const { operations, leftOut } = chooseOperations(document, options);
    const server = serverOf(document, options.target);
    const secrets = new Secrets();
    const scenarios = draftScenarios(document, operations, options, server, secrets);
    const title = document.at('info').at('title').text();
    return {
      intro: [
        `Written by loadline import openapi, from ${options.file}${title === undefined ? '' : `: ${title}`}.`,
        'Values are examples: put in what your service knows, or a data file; and so are pauses.',
        ...server.notes,
        ...section(
          'Set in the environment before it runs:',
          secrets.needs().map(({ name, what }) => `${name}: ${what}`),
        ),
        ...section('Left out:', leftOut),
      ],
      target: server.origin,
      scenarios,
    };
  });
}

function checkVersion(root: Field): boolean {
  const version = root.at('openapi').value;
  if (typeof version === 'string' && /^3\./.test(version)) return true;
  if (root.at('swagger').value !== undefined)
    root
      .at('swagger')
      .problem('is Swagger 2.0; convert it to OpenAPI 3 first, as https://converter.swagger.io does');
  else
    root
      .at('openapi')
      .problem(
        version === undefined
          ? `is missing; an OpenAPI 3 description says its version there${hintOf(root)}`
          : 'must be a version like 3.1.0, in quotes',
      );
  return false;
}

function hintOf(root: Field): string {
  const isRecording = Array.isArray(root.at('log').at('entries').value);
  return isRecording ? '. This is a recording: `loadline import har` takes it' : '';
}

function draftScenarios(
  document: ApiPlace,
  operations: readonly Operation[],
  { tags: wanted, all }: OpenapiOptions,
  { base }: Server,
  secrets: Secrets,
): ScenarioDraft[] {
  // What an id comes from may have another tag.
  const usable = wanted?.length ? chooseOperations(document, { all }).operations : operations;
  const credentialsOf = securityOf(document, (calls, what) => secrets.ask(calls, what));
  const unique = uniqueNames();
  const groups = Map.groupBy(
    operations,
    ({ tags }) => tags.find((tag) => !wanted?.length || wanted.includes(tag)) ?? 'api',
  );
  return [...groups].map(([tag, group]) => {
    const saved = new Set<string>();
    const steps = planJourney(group, usable).map((stop) => {
      // Of its own, so that an operation that is added changes no value of the others.
      const random = createRandom(labelOf(stop.operation));
      const draft = operationDraft(stop, {
        random,
        base,
        credentials: credentialsOf(stop.operation),
        saved: new Set(saved),
      });
      for (const [name] of stop.saves) saved.add(name);
      return [draft, aPause];
    });
    return hoist(unique(tag), steps.flat());
  });
}

/** A description says nothing of whom it is for; without any pause, the first run would be a flood. */
const aPause: StepDraft = { kind: 'think', durationMs: 1000, notes: [] };

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}

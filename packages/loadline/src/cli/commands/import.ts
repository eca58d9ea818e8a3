import { importHar, importOpenapi } from '../../load/import/index.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { writeNewFile } from '../door/result-file.ts';
import { readWords } from '../door/words.ts';
import type { Command, Surroundings } from './command.ts';

export const importCommand: Command = {
  help: `loadline import har FILE [options]
loadline import openapi FILE [options]

Writes a scenario that runs: of a recording that a browser, a proxy or a test tool saved (HAR), or of an API
description (OpenAPI 3, YAML or JSON). Values that the service makes up, like ids and tokens, are saved from its
answers and filled in. No secret of a recording is written: the comment on top lists what to set instead.

  --out FILE         writes the scenario there, instead of to the standard output
  --force            also over a file that is there

of a recording:
  --host NAME        which host's requests; the one that was asked most where nothing is said
  --assets           also images, fonts, styles, scripts and media
  --no-think         no pauses between requests
  --include PATTERN  only paths like this, as in '/api/*'; may be repeated
  --exclude PATTERN  no paths like this; may be repeated

of an API description:
  --target URL       where the service is, instead of the server that is described
  --tag NAME         only operations with this tag; may be repeated
  --all              also operations that delete or are deprecated

Exit codes: 0 written, 2 the input is wrong.
`,
  run: importScenario,
};

async function importScenario(args: readonly string[], { terminal }: Surroundings): Promise<number> {
  const [kind, ...rest] = args;
  const { out, force, text } = await (kind === 'har'
    ? ofRecording(rest)
    : kind === 'openapi'
      ? ofApi(rest)
      : unknownKind(kind));
  if (out === undefined) terminal.out(text);
  else {
    await writeNewFile(out, text, { what: 'the scenario', replaces: force === true });
    terminal.err(`The scenario is in ${out}.\n`);
  }
  return exitCodes.passed;
}

interface Written {
  readonly out: string | undefined;
  readonly force: boolean | undefined;
  readonly text: string;
}

const harOptions = {
  out: { type: 'string' },
  force: { type: 'boolean' },
  host: { type: 'string' },
  assets: { type: 'boolean' },
  'no-think': { type: 'boolean' },
  include: { type: 'string', multiple: true },
  exclude: { type: 'string', multiple: true },
} as const;

async function ofRecording(args: readonly string[]): Promise<Written> {
  const { options, positionals } = readWords('import har', args, harOptions);
  const { out, force, host, assets, include, exclude, 'no-think': isWithoutPauses } = options;
  const file = onlyFile('har', positionals);
  return {
    out,
    force,
    text: await importHar(file, { host, assets, include, exclude, think: isWithoutPauses !== true }),
  };
}

const openapiOptions = {
  out: { type: 'string' },
  force: { type: 'boolean' },
  target: { type: 'string' },
  tag: { type: 'string', multiple: true },
  all: { type: 'boolean' },
} as const;

async function ofApi(args: readonly string[]): Promise<Written> {
  const { options, positionals } = readWords('import openapi', args, openapiOptions);
  const { out, force, target, tag: tags, all } = options;
  return { out, force, text: await importOpenapi(onlyFile('openapi', positionals), { target, tags, all }) };
}

function onlyFile(kind: string, positionals: readonly string[]): string {
  const [file, ...others] = positionals;
  if (file !== undefined && others.length === 0) return file;
  throw cliError(
    'CLI_USAGE',
    `Cannot import: one file is needed, got ${positionals.length}. As in \`loadline import ${kind} FILE\`.`,
  );
}

function unknownKind(kind: string | undefined): never {
  throw cliError(
    'CLI_USAGE',
    `Cannot import: say what the file is, har or openapi, got ${kind === undefined ? 'nothing' : JSON.stringify(kind)}. As in \`loadline import har shop.har\`.`,
  );
}

import { resolve } from 'node:path';
import type { Field, ObjectField } from 'loadline/base';
import type { QuotaWish, ServiceCommand } from 'loadline/scaling';

/** What says how an instance is started. */
export const commandKeys = [
  'command',
  'args',
  'env',
  'inherit',
  'folder',
  'port',
  'ready',
  'readyTimeout',
  'hangAfter',
  'drainGrace',
  'quota',
] as const;

export type CommandKey = (typeof commandKeys)[number];

/** As it was written: what is absent was not said. */
export interface CommandWords {
  readonly command?: string;
  readonly args?: readonly string[];
  readonly env?: ReadonlyMap<string, string>;
  readonly inherit?: readonly string[];
  readonly folder?: string;
  readonly portVariable?: string;
  readonly readyPath?: string;
  readonly readyTimeoutMs?: number;
  readonly hangAfterMs?: number;
  readonly drainGraceMs?: number;
  readonly quota?: QuotaWish;
}

export interface ServicesSurroundings {
  /** Where relative paths start. */
  readonly folder: string;
  /** What services may inherit by name. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export function readCommandWords(service: ObjectField<CommandKey>): CommandWords {
  const words = {
    command: service.optional('command')?.string(),
    args: service.optional('args')?.array((argument) => argument.string({ nonEmpty: false })),
    env: service.optional('env')?.record((value) => value.string({ nonEmpty: false })),
    inherit: service.optional('inherit')?.array(readVariable),
    folder: service.optional('folder')?.string(),
    portVariable: optionally(service.optional('port'), readVariable),
    readyPath: optionally(service.optional('ready'), readPath),
    readyTimeoutMs: service.optional('readyTimeout')?.duration({ above: 0 }),
    hangAfterMs: service.optional('hangAfter')?.duration({ above: 0 }),
    drainGraceMs: service.optional('drainGrace')?.duration(),
    quota: optionally(service.optional('quota'), readQuota),
  };
  return Object.fromEntries(Object.entries(words).filter(([, value]) => value !== undefined));
}

/** Complete, with what was not said. */
export function commandOf(
  { command = '', args = [], env = new Map(), inherit = [], folder = '.', ...words }: CommandWords,
  surroundings: ServicesSurroundings,
): ServiceCommand {
  const { readyPath = '/health/ready', ...further } = words;
  const inherited = ['PATH', ...inherit].map(
    (variable) => [variable, surroundings.environment[variable]] as const,
  );
  return {
    command,
    args,
    environment: { ...Object.fromEntries(inherited), ...Object.fromEntries(env) },
    cwd: resolve(surroundings.folder, folder),
    readyPath,
    ...further,
  };
}

function optionally<Value>(field: Field | undefined, read: (field: Field) => Value): Value | undefined {
  return field && read(field);
}

/** What one instance may have of the machine. */
function readQuota(field: Field): QuotaWish {
  const quota = field.object(['cores', 'startCores', 'otherwise']);
  const cores = quota.required('cores').number({ atLeast: 0.01, atMost: 1024 });
  const startCores = quota.optional('startCores')?.number({ atLeast: cores, atMost: 1024 });
  const share = startCores === undefined ? { cores } : { cores, startCores };
  const otherwise = quota.optional('otherwise')?.object(['variable', 'requestsAtOnce']);
  if (otherwise === undefined) return share;
  const requestsAtOnce = otherwise
    .required('requestsAtOnce')
    .number({ atLeast: 1, atMost: 100_000, whole: true });
  return { ...share, otherwise: { variable: readVariable(otherwise.required('variable')), requestsAtOnce } };
}

function readVariable(field: Field): string {
  const name = field.string();
  if (name !== '' && !/^[A-Za-z_]\w*$/.test(name)) field.problem('must be the name of a variable, like PORT');
  return name;
}

function readPath(field: Field): string {
  const path = field.string();
  if (!path.startsWith('/')) field.problem(`must begin with /, got ${JSON.stringify(path)}`);
  return path;
}

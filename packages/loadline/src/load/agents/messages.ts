import { type Field, type Parsed, parse } from '../../base/index.ts';
import type { ProtocolOptions } from '../transports/open-transport.ts';
import type { FromWorker, ToWorker } from '../workers/link.ts';

/**
 * What goes between an agent and whoever conducts a run. Both run the same version of Loadline: an agent of another
 * one is sent away at its first message.
 *
 *   agent                                 conductor
 *   hello            ─────────────────▸   keeps it until a run wants it
 *                    ◂─────────────────   errand, then its files in pieces
 *   prepared         ─────────────────▸   has a link to each of its workers
 *   from, lost       ◂────────────────▸   to, close
 *                    ◂─────────────────   over
 */
export type FromAgent =
  | Hello
  /** The files are complete, the plan is read, its workers have started. */
  | { readonly kind: 'prepared'; readonly workers: number }
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'from'; readonly worker: number; readonly message: FromWorker }
  | { readonly kind: 'lost'; readonly worker: number; readonly because: string };

export type ToAgent =
  | { readonly kind: 'turned away'; readonly because: string }
  | { readonly kind: 'errand'; readonly errand: Errand }
  | { readonly kind: 'piece'; readonly file: number; readonly bytes: Uint8Array }
  | { readonly kind: 'to'; readonly worker: number; readonly message: ToWorker }
  | { readonly kind: 'close'; readonly worker: number }
  | { readonly kind: 'over' };

export interface Hello {
  readonly kind: 'hello';
  /** Of Loadline. */
  readonly version: string;
  readonly name: string;
}

/** What an agent needs to know of a run; it finds the target's address itself. */
export interface Errand {
  /** Which of the files is the scenario file. */
  readonly scenario: string;
  readonly files: readonly ErrandFile[];
  /** What was asked for besides the file, as it was written. */
  readonly choice: ErrandChoice;
  /** The values of `{{$env.NAME}}`, and no others. */
  readonly env: Readonly<Record<string, string>>;
  /** Hosts outside of private networks that whoever runs it allows. */
  readonly allowHosts: readonly string[];
  readonly protocol: ProtocolOptions;
}

/** A file, by its path from a folder that holds all of them, with slashes. */
export interface ErrandFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export type ErrandChoice = Readonly<Partial<Record<(typeof choiceKeys)[number], string>>>;

const choiceKeys = ['target', 'profile', 'scale', 'rate', 'duration', 'seed'] as const;

/** More than any test has: what is larger belongs where each agent can read it. */
export const errandBytesMax: number = 4 * 1024 ** 3;
export const errandFilesMax = 10_000;
export const pieceBytes: number = 256 * 1024;

export function readHello(message: unknown): Parsed<Hello> {
  return parse(message, (root) => {
    const hello = root.object(['kind', 'version', 'name']);
    const name = hello.required('name').string();
    if (!/^[^\p{C}]{1,64}$/u.test(name))
      hello.required('name').problem('must be of 1 to 64 visible characters');
    return {
      kind: hello.required('kind').oneOf(['hello']),
      version: hello.required('version').string(),
      name,
    };
  });
}

export function readErrand(value: unknown): Parsed<Errand> {
  return parse(value, (root) => {
    const errand = root.object(['scenario', 'files', 'choice', 'env', 'allowHosts', 'protocol']);
    const files = errand.required('files').array(readFile, { nonEmpty: true });
    if (files.length > errandFilesMax) root.problem(`has more than ${errandFilesMax} files`);
    if (files.reduce((sum, file) => sum + file.bytes, 0) > errandBytesMax)
      root.problem(`has files of more than ${errandBytesMax} bytes`);
    if (new Set(files.map(({ path }) => path)).size < files.length) root.problem('names a file twice');
    const scenario = errand.required('scenario').string();
    if (!files.some(({ path }) => path === scenario)) root.problem('has no scenario file');
    return {
      scenario,
      files,
      choice: readChoice(errand.required('choice')),
      env: Object.fromEntries(errand.required('env').record((entry) => entry.string({ nonEmpty: false }))),
      allowHosts: errand.required('allowHosts').array((host) => host.string()),
      protocol: readProtocol(errand.required('protocol')),
    };
  });
}

function readChoice(field: Field): ErrandChoice {
  const choice = field.object(choiceKeys);
  const asked = choiceKeys.filter((key) => choice.has(key));
  return Object.fromEntries(asked.map((key) => [key, choice.required(key).string()]));
}

function readFile(item: Field): ErrandFile {
  const file = item.object(['path', 'bytes', 'sha256']);
  const path = file.required('path').string();
  if (!isInside(path)) file.required('path').problem('must stay inside of its folder');
  return {
    path,
    bytes: file.required('bytes').number({ whole: true, atLeast: 0 }),
    sha256: file.required('sha256').string(),
  };
}

/** Whether a path leads nowhere but into the folder that it starts from, on any system. */
function isInside(path: string): boolean {
  return (
    !/[\\:\0]/.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

function readProtocol(field: Field): ProtocolOptions {
  const given = field.object(['protocol', 'allowsUntrusted', 'ca']);
  const ca = given.optional('ca')?.string();
  return {
    protocol: given.optional('protocol')?.oneOf(['http/1.1', 'h2']) ?? 'http/1.1',
    allowsUntrusted: given.optional('allowsUntrusted')?.boolean() ?? false,
    ...(ca === undefined ? {} : { ca }),
  };
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, relative, sep } from 'node:path';
import { formatBytes } from '../../base/index.ts';
import { loadError } from '../errors.ts';
import { filesOf } from '../file/files-of.ts';
import type { PlanOptions } from '../file/read-plan.ts';
import type { ProtocolOptions } from '../transports/open-transport.ts';
import {
  type Errand,
  type ErrandChoice,
  type ErrandFile,
  errandBytesMax,
  errandFilesMax,
} from './messages.ts';

/** What agents are told besides the file: what is asked of it, where load may go, how the target is spoken to. */
export interface ErrandOptions {
  readonly choice: PlanOptions;
  readonly allowHosts: readonly string[];
  readonly protocol: ProtocolOptions;
}

/** An errand, and where its files are. */
export interface PreparedErrand {
  readonly errand: Errand;
  /** Holds every file at its path. */
  readonly folder: string;
}

/**
 * Gathers what agents need to make the load of a scenario file.
 *
 * @throws LOAD_FILE_UNREADABLE, LOAD_AGENT_FILES_UNFIT.
 */
export async function prepareErrand(
  path: string,
  { choice, allowHosts, protocol }: ErrandOptions,
): Promise<PreparedErrand> {
  const { env = {}, ...asked } = choice;
  const needed = await filesOf(path);
  if (needed.absolute.length > 0)
    throw unfit(
      path,
      `it names ${needed.absolute.join(', ')}, which is another place on another machine; name files by their path from the scenario file`,
    );
  if (needed.files.length > errandFilesMax) throw unfit(path, `it needs more than ${errandFilesMax} files`);
  const folder = commonFolder(needed.files);
  const files: ErrandFile[] = [];
  for (const file of needed.files)
    files.push({
      path: relative(folder, file).split(sep).join('/'),
      ...(await measure(file, path)),
    });
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > errandBytesMax)
    throw unfit(path, `its files have more than ${formatBytes(errandBytesMax)}`);
  const values = needed.env.map((name) => [name, env[name]] as const);
  return {
    folder,
    errand: {
      scenario: files[0]?.path as string,
      files,
      choice: textsOf(asked),
      env: Object.fromEntries(values.filter((entry): entry is [string, string] => entry[1] !== undefined)),
      allowHosts,
      protocol,
    },
  };
}

async function measure(file: string, scenario: string): Promise<Omit<ErrandFile, 'path'>> {
  try {
    const { size } = await stat(file);
    if (size > errandBytesMax) throw new Error(`the limit is ${formatBytes(errandBytesMax)}`);
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of createReadStream(file)) {
      hash.update(piece as Buffer);
      bytes += (piece as Buffer).length;
    }
    return { bytes, sha256: hash.digest('hex') };
  } catch (cause) {
    throw unfit(scenario, `${file} cannot be read: ${(cause as Error).message}`, cause);
  }
}

function unfit(path: string, because: string, cause?: unknown): Error {
  return loadError('LOAD_AGENT_FILES_UNFIT', `Cannot send ${path} to agents: ${because}.`, {
    facts: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The deepest folder that holds all of them. */
function commonFolder(files: readonly string[]): string {
  return files
    .map((file) => dirname(file))
    .reduce((common, folder) => {
      let shared = common;
      while (!isWithin(folder, shared) && shared !== dirname(shared)) shared = dirname(shared);
      return shared;
    });
}

function isWithin(folder: string, outer: string): boolean {
  return folder === outer || folder.startsWith(outer.endsWith(sep) ? outer : `${outer}${sep}`);
}

function textsOf(choice: Readonly<Record<string, unknown>>): ErrandChoice {
  const asked = Object.entries(choice).filter(([, value]) => value !== undefined);
  return Object.fromEntries(asked.map(([key, value]) => [key, String(value)]));
}

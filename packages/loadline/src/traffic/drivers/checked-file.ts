import { execFile } from 'node:child_process';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { whyNotStarted } from '../../base/index.ts';
import { trafficError } from '../errors.ts';

export interface CheckedFile {
  readonly path: string;
  readonly text: string;
  /** Ends with 0 where a file of this path is good; undefined where nobody can tell. */
  readonly check: FileCheck | undefined;
  readonly signal: AbortSignal;
}

export interface FileCheck {
  readonly command: string;
  readonly argumentsFor: (path: string) => readonly string[];
}

/**
 * Writes a configuration so that whoever reads it finds the one before or this one, whole, also after a loss of power; and
 * only one that its reader has called good. False where it is there already.
 *
 * @throws LoadlineError TRAFFIC_CONFIGURATION_REFUSED with what was said; the one before stays.
 */
export async function writeChecked({ path, text, check, signal }: CheckedFile): Promise<boolean> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return false;
  const draft = `${path}.draft`;
  try {
    // Not for everybody: a configuration may name what is better not known.
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    if (check !== undefined) await runCheck(check, { draft, path, signal });
    await rename(draft, path);
    return true;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

function runCheck(
  { command, argumentsFor }: FileCheck,
  { draft, path, signal }: { readonly draft: string; readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { signal, timeout: checkTimeoutMs, maxBuffer: outputBytesMax };
    execFile(command, argumentsFor(draft), options, (error, stdout, stderr) => {
      if (error === null) return resolve();
      if (signal.aborted) return reject(signal.reason);
      // Of one that has run, it is the number with which that ended.
      const isUnstarted = typeof error.code === 'string';
      const said = isUnstarted
        ? whyNotStarted(error as NodeJS.ErrnoException, { command })
        : `${stderr}${stdout}`.trim().split('\n').slice(-8).join('\n') || error.message;
      const what = isUnstarted ? `Cannot have ${command} check` : `${command} does not take`;
      reject(
        trafficError('TRAFFIC_CONFIGURATION_REFUSED', `${what} the new ${path}: ${said}`, {
          facts: { path, command, said },
          cause: error,
        }),
      );
    });
  });
}

const checkTimeoutMs = 10_000;
const outputBytesMax = 2 ** 20;

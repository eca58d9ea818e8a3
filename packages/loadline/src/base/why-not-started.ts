import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** A program as it was to be started. */
export interface ProgramCall {
  readonly command: string;
  /** Where it was to be started; undefined: here. */
  readonly folder?: string | undefined;
}

/**
 * Why a program could not be started and what to do, for people, without an end of sentence. The system has one word for a
 * program, its folder and its interpreter that are not there, so it is looked for.
 *
 * @param error what `spawn` or `execFile` said.
 */
export function whyNotStarted(
  { code, message }: Pick<NodeJS.ErrnoException, 'code' | 'message'>,
  { command, folder = '.' }: ProgramCall,
): string {
  if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') return message;
  if (!isUsable(folder, 'a folder'))
    return `${resolve(folder)}, where it is to be started, is no folder that this user may enter: make it, or name another`;
  if (!command.includes('/')) {
    if (code === 'EACCES')
      return `this user may not run the ${command} that is in PATH: make it a program by chmod +x`;
    return `there is no program ${JSON.stringify(command)} in PATH: correct the command, or install it`;
  }
  const file = resolve(folder, command);
  if (isUsable(file, 'a program')) return `${file} is there, and what its first line names to run it is not`;
  if (code === 'EACCES') return `this user may not run ${file}: make it a program by chmod +x`;
  return `there is no file ${file}: correct the command`;
}

function isUsable(path: string, as: 'a folder' | 'a program'): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isDirectory() === (as === 'a folder');
  } catch {
    return false;
  }
}

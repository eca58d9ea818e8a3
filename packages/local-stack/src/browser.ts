import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { localStackError } from './errors.ts';

/** With which a browser runs for a test: in a container there is no sandbox to be had, and little shared memory. */
export const browserArguments: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
];

/** The Chromium of this machine. @throws LOCAL_STACK_BROWSER_MISSING */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string {
  const files = (env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)));
  const found = files.find(isProgram);
  if (found !== undefined) return found;
  throw localStackError(
    'LOCAL_STACK_BROWSER_MISSING',
    `There is no Chromium on the PATH: looked for ${names.join(', ')}.`,
  );
}

const names = ['chromium', 'chromium-browser', 'google-chrome'];

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Optional: whoever does not use such a server does not install its client. */
const { peerDependencies } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { readonly peerDependencies: Readonly<Record<string, string>> };

it('what a service adds needs no client that only some services have', async () => {
  const program = `
    import { registerHooks } from 'node:module';
    const absent = ${JSON.stringify(Object.keys(peerDependencies))};
    registerHooks({
      resolve(name, context, next) {
        if (absent.includes(name)) throw new Error(name + ' is wanted by ' + context.parentURL);
        return next(name, context);
      },
    });
    await import('loadline/observe');
    await import('loadline/traffic');
    console.log('imported');
  `;
  const words = ['--conditions=loadline-source', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, words, { cwd: import.meta.dirname });
  expect(stdout).toBe('imported\n');
});

/** The package as it would be published: JavaScript, so that nothing is compiled while it is measured. */
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleLibrary } from '../../tools/bundle.ts';
import { temporaryFolder } from './temporary-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * What would be published, in a folder of its own: a `dist` in the checkout would be in the way of whoever else
 * works there. Inside the checkout, because dependencies are looked for in the folders above.
 */
export async function buildPackage(): Promise<BuiltPackage> {
  const source = join(root, 'packages/loadline');
  const folder = temporaryFolder('built', join(root, '.loadline'));
  const { files } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as { files: string[] };
  for (const name of ['package.json', ...files.filter((file) => existsSync(join(source, file)))])
    cpSync(join(source, name), join(folder.path, name), { recursive: true });
  const own = join(source, 'node_modules');
  if (existsSync(own)) symlinkSync(own, join(folder.path, 'node_modules'));
  await bundleLibrary(join(folder.path, 'dist'));
  return {
    bin: join(folder.path, 'bin/loadline.js'),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

export interface BuiltPackage extends Disposable {
  /** The command in it. */
  readonly bin: string;
}

/** The packages as a user has them after `npm install`: JavaScript in `node_modules`, and no source that is compiled. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publishedPackages } from '../../tools/build.ts';
import { bundleLibrary } from '../../tools/bundle.ts';
import { temporaryFolder } from '../load/temporary-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Builds into a folder of its own, as `load/built-package.ts` does. A package finds those beside it there, and the
 * dependencies in the folders above. Types are checked elsewhere.
 */
export async function buildPackages(): Promise<BuiltPackages> {
  const folder = temporaryFolder('packages', join(root, '.loadline'));
  for (const each of publishedPackages) {
    const source = join(root, each);
    const manifest = readManifest(source);
    const into = join(folder.path, 'node_modules', manifest.name);
    mkdirSync(into, { recursive: true });
    const files = manifest.files.filter((file) => file !== 'src' && existsSync(join(source, file)));
    for (const name of ['package.json', ...files])
      cpSync(join(source, name), join(into, name), { recursive: true });
    const own = join(source, 'node_modules');
    if (existsSync(own)) symlinkSync(own, join(into, 'node_modules'));
    emit(source, join(into, 'dist'));
  }
  const library = join(folder.path, 'node_modules', 'loadline');
  await bundleLibrary(join(library, 'dist'));
  return {
    bin: join(library, 'bin/loadline.js'),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

export interface BuiltPackages extends Disposable {
  /** The command in them; it finds the control plane beside it. */
  readonly bin: string;
}

function emit(source: string, dist: string): void {
  const words = ['-p', join(source, 'tsconfig.build.json'), '--noCheck', '--outDir', dist];
  execFileSync(join(root, 'node_modules/.bin/tsc'), words, { stdio: 'inherit' });
}

function readManifest(source: string): { readonly name: string; readonly files: readonly string[] } {
  return JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
}

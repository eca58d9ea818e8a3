/**
 * Joins the library's files into few: to find, read and link two hundred small modules took a start of the command as
 * long as all the rest of it. Every room keeps its door, so that what is imported stays the same; what they share stands
 * in chunks, each once, so that a scenario in TypeScript and the command that runs it have the same objects.
 */
import { copyFileSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const packageFolder = fileURLToPath(new URL('../packages/loadline/', import.meta.url));
const sources = join(packageFolder, 'src');

/** Doors, and what is started as a process. */
const entries = [
  ...globSync('**/index.ts', { cwd: sources }),
  'cli/main.ts',
  'load/workers/worker-process.ts',
];

/** Of the dependencies, the one that every run of a file needs: it is itself seventy small modules. */
const joined = 'yaml';

/** What the bundler itself writes where a construct is newer than the oldest Node.js. */
const bundlersOwn = '@oxc-project/runtime';

/**
 * Writes the JavaScript of `packages/loadline` into a `dist`. Chunks stand in a folder of their own, two folders below the
 * package's, as `base/package-folder.ts` relies on.
 */
export async function bundleLibrary(dist: string): Promise<void> {
  await using bundle = await rolldown({
    input: Object.fromEntries(entries.map((file) => [file.slice(0, -'.ts'.length), join(sources, file)])),
    platform: 'node',
    external: (id) => !/^[./\0]/.test(id) && id !== joined && !id.startsWith(bundlersOwn),
    // What a door exports is what it exports in the sources, and in no other form.
    preserveEntrySignatures: 'strict',
  });
  await bundle.write({
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    sourcemap: true,
  });
  const manifest = import.meta.resolve(`${joined}/package.json`);
  copyFileSync(new URL('LICENSE', manifest), join(dist, `${joined}.LICENSE`));
}

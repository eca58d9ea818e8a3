/**
 * Builds what is published: `npm run build` leaves a `dist` in each package, in the order in which they need
 * each other. A checkout works without it, and better: a `dist` that was left behind would be used by whoever
 * forgets the export condition, and be out of date.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleLibrary } from './bundle.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What is published, each after what it needs. */
export const publishedPackages: readonly string[] = [
  'packages/loadline',
  'packages/local-stack',
  'apps/control-plane',
];

/** Emits JavaScript and declarations, from nothing. */
export async function build(): Promise<void> {
  removeBuilt();
  for (const folder of publishedPackages) {
    execFileSync('tsc', ['-p', `${folder}/tsconfig.build.json`], { cwd: root, stdio: 'inherit' });
  }
  await bundleLibrary(`${root}packages/loadline/dist`);
}

export function removeBuilt(): void {
  for (const folder of publishedPackages) rmSync(`${root}${folder}/dist`, { recursive: true, force: true });
}

if (import.meta.main) await build();

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder that is gone when it is disposed of, or when this process ends. */
export function temporaryFolder(
  name: string,
  parent: string = tmpdir(),
): Disposable & { readonly path: string } {
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, `loadline-bench-${name}-`));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    path,
    [Symbol.dispose]: () => {
      process.off('exit', remove);
      remove();
    },
  };
}

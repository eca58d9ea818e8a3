import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder with files, by their paths from it; gone after use. */
export interface Folder extends AsyncDisposable {
  readonly path: string;
  at(file: string): string;
}

export async function folderWith(files: Readonly<Record<string, string | Uint8Array>>): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'loadline-errand-'));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), content);
  }
  return {
    path,
    at: (file) => join(path, file),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

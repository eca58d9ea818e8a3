import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DocumentKind, Documents, StoredDocument } from './documents.ts';
import { writeWhole } from './write-whole.ts';

/** Remembers in a folder: a JSON file a document. For one control plane alone. */
export function createFileDocuments(folder: string): Documents {
  // Two writes of one document come one after the other, so that the last one stays.
  const writes = new Map<string, Promise<void>>();

  function inTurn(path: string, work: () => Promise<void>): Promise<void> {
    const before = writes.get(path) ?? Promise.resolve();
    const turn = before.then(work, work);
    writes.set(path, turn);
    const forget = (): void => {
      if (writes.get(path) === turn) writes.delete(path);
    };
    turn.then(forget, forget);
    return turn;
  }

  return {
    list: (kind) => readFolder(join(folder, kind)),
    put: (kind, id, body) =>
      inTurn(pathOf(folder, kind, id), async () => {
        await mkdir(join(folder, kind), { recursive: true, mode: 0o700 });
        await writeWhole(pathOf(folder, kind, id), JSON.stringify(body));
      }),
    remove: (kind, id) =>
      inTurn(pathOf(folder, kind, id), () => rm(pathOf(folder, kind, id), { force: true })),
  };
}

function pathOf(folder: string, kind: DocumentKind, id: string): string {
  // Ids are ours; this keeps a mistake of ours from becoming a path.
  if (!/^[\w-]{1,100}$/.test(id)) throw new Error(`not an id: ${JSON.stringify(id)}`);
  return join(folder, kind, `${id}.json`);
}

async function readFolder(folder: string): Promise<readonly StoredDocument[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found: StoredDocument[] = [];
  for (const name of names.filter((each) => each.endsWith('.json'))) {
    const body = JSON.parse(await readFile(join(folder, name), 'utf8')) as unknown;
    found.push({ id: name.slice(0, -'.json'.length), body });
  }
  return found;
}

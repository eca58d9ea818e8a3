import { open, rename } from 'node:fs/promises';

/**
 * Writes a file so that whoever reads it finds the old one or the new one, whole, whenever the machine stops. Only
 * this user may read it.
 */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.draft`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}

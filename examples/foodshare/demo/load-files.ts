import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueToken, writePeople } from '../src/index.ts';

/** What the load files are made from. */
export interface LoadFilesOptions {
  /** Where they go: the scenario with people.csv and admins.csv beside it. */
  readonly folder: string;
  readonly databaseUrl: string;
  readonly tokenSecret: string;
  readonly people: number;
}

/**
 * Writes the scenario file with fresh tokens beside it.
 *
 * @returns the path of the scenario file.
 */
export async function writeLoadFiles({
  folder,
  databaseUrl,
  tokenSecret,
  people,
}: LoadFilesOptions): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writePeople({ databaseUrl, tokenSecret, file: join(folder, 'people.csv'), count: people });
  const file = join(folder, 'foodshare.yaml');
  await copyFile(new URL('../load/foodshare.yaml', import.meta.url), file);
  await writeAdmins(join(folder, 'admins.csv'), tokenSecret);
  return file;
}

async function writeAdmins(file: string, secret: string): Promise<void> {
  const userId = crypto.randomUUID();
  const token = await issueToken({ userId, roles: ['admin'], secret });
  await writeFile(file, `user_id,token\n${userId},${token}\n`, { mode: 0o600 });
}

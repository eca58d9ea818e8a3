import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueToken, writePeople } from '../src/index.ts';

/** What the load files are made from. */
export interface LoadFilesOptions {
  /** Where they go: the scenarios with people.csv and admins.csv beside them. */
  readonly folder: string;
  readonly databaseUrl: string;
  readonly tokenSecret: string;
  readonly people: number;
}

/**
 * Writes the scenario files with fresh tokens beside them.
 *
 * @returns the path of the one with the platform's tests.
 */
export async function writeLoadFiles({
  folder,
  databaseUrl,
  tokenSecret,
  people,
}: LoadFilesOptions): Promise<string> {
  await mkdir(folder, { recursive: true });
  await writePeople({ databaseUrl, tokenSecret, file: join(folder, 'people.csv'), count: people });
  await cp(new URL('../load/', import.meta.url), folder, { recursive: true });
  await writeAdmins(join(folder, 'admins.csv'), tokenSecret);
  return join(folder, 'foodshare.yaml');
}

async function writeAdmins(file: string, secret: string): Promise<void> {
  const userId = crypto.randomUUID();
  const token = await issueToken({ userId, roles: ['admin'], secret });
  await writeFile(file, `user_id,token\n${userId},${token}\n`, { mode: 0o600 });
}

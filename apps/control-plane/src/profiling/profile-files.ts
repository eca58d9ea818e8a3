import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeProfile, type FinishedProfile, type ProfileFormat, profileFormats } from 'loadline/profiling';

/** Profiles in a folder, each in all its forms. */
export interface ProfileFiles {
  /** @returns how many bytes they take. */
  write(id: string, profile: FinishedProfile): Promise<number>;
  pathOf(id: string, format: ProfileFormat): string;
  remove(id: string): Promise<void>;
}

export function openProfileFiles(folder: string): ProfileFiles {
  const pathOf = (id: string, format: ProfileFormat): string => join(folder, id, format);
  return {
    pathOf,
    async write(id, profile) {
      await mkdir(join(folder, id), { recursive: true, mode: 0o700 });
      let bytes = 0;
      for (const format of profileFormats) {
        const { body } = encodeProfile(profile, format);
        await writeFile(pathOf(id, format), body, { mode: 0o600 });
        bytes += Buffer.byteLength(body);
      }
      return bytes;
    },
    remove: (id) => rm(join(folder, id), { recursive: true, force: true }),
  };
}

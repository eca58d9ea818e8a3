import { localStackError } from './errors.ts';

/**
 * PostgreSQL and Valkey are stopped by signals and guarded by process groups, which Windows does not have.
 *
 * @throws LOCAL_STACK_PLATFORM_UNSUPPORTED.
 */
export function requireSupportedPlatform(platform: NodeJS.Platform = process.platform): void {
  if (platform !== 'win32') return;
  throw localStackError(
    'LOCAL_STACK_PLATFORM_UNSUPPORTED',
    'Cannot start local servers on Windows. Use WSL, or point DATABASE_URL and VALKEY_URL at servers of your own.',
    { facts: { platform } },
  );
}

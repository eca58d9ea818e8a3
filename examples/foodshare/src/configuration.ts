import { formatPath, type Parsed, parse } from 'loadline/base';
import { isPostgresAddress } from 'loadline/postgres';
import { isValkeyAddress } from 'loadline/valkey';
import type { FoodshareOptions } from './foodshare.ts';

const known = [
  'DATABASE_URL',
  'VALKEY_URL',
  'VALKEY_CACHE_URL',
  'FOODSHARE_TOKEN_SECRET',
  'HOST',
  'PORT',
  'FOODSHARE_CONNECTIONS',
  'FOODSHARE_DRAIN_DELAY',
  'FOODSHARE_USER_RATE',
  'FOODSHARE_CONTROL_KEY',
] as const;

/**
 * Reads an instance's options from the environment, and finds everything that is wrong at once. VALKEY_URL stands
 * for the cache's address on a laptop; VALKEY_CACHE_URL goes before it.
 */
export function parseEnvironment(environment: NodeJS.ProcessEnv): Parsed<FoodshareOptions> {
  const relevant = Object.fromEntries(known.map((name) => [name, environment[name]]));
  return parse(relevant, (root) => {
    const variables = root.object(known);
    const secret = variables.required('FOODSHARE_TOKEN_SECRET');
    const tokenSecret = secret.string();
    if (tokenSecret !== '' && Buffer.byteLength(tokenSecret) < 32)
      secret.problem('must have at least 32 bytes');
    const connectionsMax = variables.optional('FOODSHARE_CONNECTIONS');
    const controlKey = variables.optional('FOODSHARE_CONTROL_KEY');
    const userRatePerSecond = wholeNumber(variables.optional('FOODSHARE_USER_RATE'), 0, 1_000_000) ?? 100;
    return {
      databaseUrl: address(
        variables.required('DATABASE_URL'),
        isPostgresAddress,
        'must be a postgresql:// URL',
      ),
      valkeyCacheUrl: address(
        variables.optional('VALKEY_CACHE_URL') ?? variables.required('VALKEY_URL'),
        isValkeyAddress,
        'must be a valkey:// or redis:// URL, or the path of a socket',
      ),
      tokenSecret,
      host: variables.optional('HOST')?.string() ?? '127.0.0.1',
      port: wholeNumber(variables.optional('PORT'), 0, 65_535) ?? 0,
      ...(connectionsMax === undefined ? {} : { connectionsMax: wholeNumber(connectionsMax, 1, 1000) ?? 10 }),
      drainDelayMs: variables.optional('FOODSHARE_DRAIN_DELAY')?.duration() ?? 1000,
      ...(userRatePerSecond === 0 ? {} : { admission: { userRatePerSecond } }),
      ...(controlKey === undefined ? {} : { controlKey: key(controlKey) }),
      logger: true,
    };
  });
}

type EnvironmentField = Parameters<Parameters<typeof parse>[1]>[0];

/** What was found stays out of the message: it may hold a password. */
function address(field: EnvironmentField, isAddress: (text: string) => boolean, expected: string): string {
  const found = field.string();
  if (found !== '' && !isAddress(found)) field.problem(expected);
  return found;
}

/** As for an address, what was found stays out of the message. */
function key(field: EnvironmentField): string {
  const found = field.string();
  if (found !== '' && !/^\S{16,}$/.test(found))
    field.problem('must have at least 16 characters without spaces');
  return found;
}

function wholeNumber(
  field: EnvironmentField | undefined,
  atLeast: number,
  atMost: number,
): number | undefined {
  if (field === undefined) return undefined;
  const value = /^\d{1,9}$/.test(String(field.value)) ? Number(field.value) : Number.NaN;
  if (value >= atLeast && value <= atMost) return value;
  field.problem(`must be a whole number from ${atLeast} to ${atMost}, got ${JSON.stringify(field.value)}`);
  return undefined;
}

/** The problems as lines for a person. */
export function describeProblems(
  problems: readonly { path: readonly (string | number)[]; message: string }[],
): string {
  return problems.map(({ path, message }) => `  ${formatPath(path)} ${message}`).join('\n');
}

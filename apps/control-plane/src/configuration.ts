import { isIP } from 'node:net';
import {
  type AddressPolicy,
  type Field,
  formatPath,
  kindOfAddress,
  type Path,
  parse,
  show,
} from 'loadline/base';
import { isPostgresAddress } from 'loadline/postgres';
import { type AlertingConfiguration, readAlerting } from './alerts/index.ts';
import { readWatch, type WatchConfiguration } from './collect/index.ts';
import { readAddressPolicy, readHosts } from './hosts/index.ts';
import { controlPlaneError } from './problems/index.ts';
import { readServicesFile, type ServiceDescription } from './scaling/index.ts';
import type { TestLimits } from './tests/index.ts';
import { readTlsFiles, type TlsFiles } from './tls-files.ts';

/** What `loadline serve` was asked for, as it was written; `loadline serve --help` says what each word does. */
export interface ServeWords {
  readonly host?: string | undefined;
  readonly port?: string | undefined;
  readonly home?: string | undefined;
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'behind-proxy'?: boolean | undefined;
  readonly 'allow-target'?: readonly string[] | undefined;
  readonly production?: readonly string[] | undefined;
  readonly 'tests-at-once'?: string | undefined;
  readonly 'metrics-from'?: readonly string[] | undefined;
  readonly services?: string | undefined;
  readonly flags?: string | undefined;
  readonly 'flags-from-database'?: boolean | undefined;
  readonly watch?: readonly string[] | undefined;
  readonly 'watch-kubernetes'?: readonly string[] | undefined;
  readonly 'kubernetes-api'?: string | undefined;
  readonly 'kubernetes-token-file'?: string | undefined;
  readonly 'kubernetes-ca-file'?: string | undefined;
  readonly 'watch-postgres'?: readonly string[] | undefined;
  readonly 'watch-valkey'?: readonly string[] | undefined;
  readonly 'watch-every'?: string | undefined;
  readonly 'allow-watch'?: readonly string[] | undefined;
  readonly rules?: string | undefined;
  readonly 'notify-webhook'?: readonly string[] | undefined;
  readonly 'escalate-webhook'?: readonly string[] | undefined;
  readonly alertmanager?: readonly string[] | undefined;
}

/** A file of flags, or the table `feature_flags` of the control plane's database. */
export type FlagsPlace = { readonly kind: 'file'; readonly path: string } | { readonly kind: 'database' };

/** Everything that the control plane is told when it starts. */
export interface Configuration {
  readonly host: string;
  /** 0 is any that is free. */
  readonly port: number;
  /** Where its files are. */
  readonly home: string;
  readonly isLoopback: boolean;
  readonly isBehindProxy: boolean;
  readonly tls: TlsFiles | undefined;
  /** Where everything is remembered; absent: in a PostgreSQL of its own at home. */
  readonly databaseUrl: string | undefined;
  /** A first admin key from the environment. */
  readonly adminKey: string | undefined;
  /** Opens the doors of the instances that are watched: their `controlKey`. */
  readonly observeKey: string | undefined;
  readonly targets: AddressPolicy;
  readonly productionHosts: readonly string[];
  readonly metricsAddresses: readonly string[];
  /** Run on this machine, as many of each as their policies want. */
  readonly services: readonly ServiceDescription[];
  /** Where flags say which rules and policies of scaling take part, and which rollouts start; undefined: all do. */
  readonly flags: FlagsPlace | undefined;
  /** Who is asked what it is doing. */
  readonly watch: WatchConfiguration;
  /** By which rules it is judged, and who is told. */
  readonly alerting: AlertingConfiguration;
  readonly keyRequestsMax: number;
  readonly strangerRequestsMax: number;
  readonly limits: TestLimits;
}

export const defaultLimits: TestLimits = {
  runningMax: 1,
  queuedMax: 100,
  keptMax: 10_000,
  keptMs: 400 * 24 * 3_600_000,
  usersMax: 50_000,
  durationMsMax: 6 * 3_600_000,
};

/** Each takes a process, and what it measures with from all others on the machine. */
const testsAtOnceMax = 20;

/** Shorter ones can be guessed. */
const adminKeyLengthMin = 32;

/**
 * Reads what was asked for into a complete configuration. Beyond loopback, nobody's key may cross the network in plain
 * text by mistake: TLS, or the explicit word that a proxy does it.
 *
 * @throws CONTROL_PLANE_START_REFUSED with everything that does not fit.
 */
export function readConfiguration(
  words: ServeWords,
  env: Readonly<Record<string, string | undefined>>,
): Configuration {
  const parsed = parse({ ...words, ...variablesOf(env) }, (root): Configuration => {
    const host = root.at('host').value === undefined ? '127.0.0.1' : root.at('host').string();
    const isLoopback = host === 'localhost' || kindOfAddress(host) === 'loopback';
    const isBehindProxy = words['behind-proxy'] === true;
    const tls = readTlsFiles(root);
    if (!isLoopback && tls === undefined && !isBehindProxy) {
      const advice = 'give --tls-cert and --tls-key, or --behind-proxy where a proxy speaks TLS';
      root
        .at('host')
        .problem(`is beyond this machine, and keys would cross the network as they are: ${advice}`);
    }
    return {
      host,
      port: readPort(root.at('port')),
      home: words.home ?? env.LOADLINE_HOME ?? '.loadline',
      isLoopback,
      isBehindProxy,
      tls,
      databaseUrl: readDatabase(root.at('DATABASE_URL')),
      adminKey: readAdminKey(root.at('LOADLINE_ADMIN_KEY')),
      observeKey: readObserveKey(root.at('LOADLINE_OBSERVE_KEY')),
      targets: readAddressPolicy(root.at('allow-target')),
      productionHosts: readHosts(root.at('production')),
      metricsAddresses: readAddresses(root.at('metrics-from')),
      services: readServices(root.at('services'), env),
      flags: readFlagsPlace(root, words),
      watch: readWatch(root),
      alerting: readAlerting(root),
      keyRequestsMax: 60_000,
      strangerRequestsMax: 300,
      limits: { ...defaultLimits, runningMax: readTestsAtOnce(root.at('tests-at-once')) },
    };
  });
  if (parsed.ok) return parsed.value;
  const list = parsed.problems.map(({ path, message }) => `  ${nameOf(path)} ${message}`).join('\n');
  throw controlPlaneError('CONTROL_PLANE_START_REFUSED', `Cannot start the control plane.\n${list}`, {
    facts: { problems: parsed.problems },
  });
}

function readFlagsPlace(
  root: Field,
  { flags: path, 'flags-from-database': isInDatabase }: ServeWords,
): FlagsPlace | undefined {
  if (path !== undefined && isInDatabase === true)
    root.at('flags').problem('is one place of flags, and --flags-from-database another: give one of them');
  if (path !== undefined) return { kind: 'file', path };
  return isInDatabase === true ? { kind: 'database' } : undefined;
}

/** As it was typed: an option with its dashes, a variable as it is called. */
function nameOf(path: Path): string {
  const name = formatPath(path);
  return /^[a-z]/.test(name) ? `--${name}` : name;
}

function readPort(field: Field): number {
  if (field.value === undefined) return 7070;
  const port = typeof field.value === 'string' && /^\d{1,5}$/.test(field.value) ? Number(field.value) : -1;
  if (port < 0 || port > 65_535) field.problem(`must be a number from 0 to 65535, got ${show(field.value)}`);
  return port;
}

function readTestsAtOnce(field: Field): number {
  if (field.value === undefined) return defaultLimits.runningMax;
  const count = typeof field.value === 'string' && /^\d{1,2}$/.test(field.value) ? Number(field.value) : 0;
  if (count < 1 || count > testsAtOnceMax) field.problem(`must be a number from 1 to ${testsAtOnceMax}`);
  return count;
}

function readAdminKey(field: Field): string | undefined {
  if (field.value === undefined || field.value === '') return undefined;
  const text = field.string();
  // The key itself is not shown.
  if (text.length < adminKeyLengthMin || /\s/.test(text) || text.length > 200)
    field.problem(`must have ${adminKeyLengthMin} to 200 characters without spaces, and be drawn by chance`);
  return text;
}

/** As `observe` wants it. The key itself is not shown. */
function readObserveKey(field: Field): string | undefined {
  if (field.value === undefined || field.value === '') return undefined;
  const text = field.string();
  if (text.length < 16 || text.length > 200 || /\s/.test(text))
    field.problem('must have 16 to 200 characters without spaces');
  return text;
}

function variablesOf({
  LOADLINE_ADMIN_KEY,
  LOADLINE_OBSERVE_KEY,
  LOADLINE_WEBHOOK_SECRET,
  DATABASE_URL,
  KUBERNETES_SERVICE_HOST,
  KUBERNETES_SERVICE_PORT,
}: Readonly<Record<string, string | undefined>>): object {
  return {
    LOADLINE_ADMIN_KEY,
    LOADLINE_OBSERVE_KEY,
    LOADLINE_WEBHOOK_SECRET,
    DATABASE_URL,
    KUBERNETES_SERVICE_HOST,
    KUBERNETES_SERVICE_PORT,
  };
}

/** The address itself is not shown: it may hold a password. */
function readDatabase(field: Field): string | undefined {
  if (field.value === undefined || field.value === '') return undefined;
  const url = field.string();
  if (!isPostgresAddress(url)) field.problem('must be an address like postgresql://user@host:5432/name');
  return url;
}

/** Every mistake of the file is told, each with its place in it. */
function readServices(
  field: Field,
  env: Readonly<Record<string, string | undefined>>,
): readonly ServiceDescription[] {
  if (field.value === undefined) return [];
  const read = readServicesFile(field.string(), env);
  if (read.ok) return read.services;
  for (const problem of read.problems) field.problem(`${field.string()}: ${problem}`);
  return [];
}

function readAddresses(field: Field): readonly string[] {
  if (field.value === undefined) return [];
  return field.array((item) => {
    const address = item.string();
    if (isIP(address) === 0) item.problem(`must be an IP address, got ${JSON.stringify(address)}`);
    return address;
  });
}

import { stringify } from 'yaml';
import {
  formatPath,
  isLoadlineError,
  type Parsed,
  type Path,
  type Problem,
  parse,
  parseDuration,
  show,
} from '../../base/index.ts';
import {
  type RegionConfigurationOptions,
  type RegionPlan,
  type RegionRecordsOptions,
  readRegionPlan,
  regionRecords,
  trafficError,
  writeRegionConfiguration,
} from '../../traffic/index.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { tellProblems } from '../door/problems.ts';
import { writeNewFile } from '../door/result-file.ts';
import { readWords, type Words } from '../door/words.ts';
import { readWrittenFile } from '../door/written-file.ts';
import type { Command, Surroundings } from './command.ts';

export const regionsCommand: Command = {
  help: `loadline regions FILE [options]

Writes the configuration of the HAProxy that stands before regions and sends each request to the nearest one that takes
it, or what DNS is to say instead, of a plan: a file of YAML or JSON that names regions, and who is served where.

  --as KIND           haproxy  its whole configuration; the default
                      dns      a DNSEndpoint of external-dns, for Route 53
  --out FILE          writes it there, instead of to the standard output
  --force             also over a file that is there

of haproxy:
  --listen PLACE      where clients come in, as in *:8080; may be repeated
  --header NAME       says where a client comes from, a country or the like; whoever stands before sets it
  --networks FILE     or a map of networks to areas says it, by the client's address; HAProxy reads it
  --check PATH        asks regions there how they are; default /health/ready
  --slow-start TIME   for how long the share of a region that comes back grows to its whole one; default 0s, at once
  --certificate FILE  of certificate and key, in one PEM file: clients come in by TLS
  --trusts-forwarded  hands on what clients say of their origin and time: only where a proxy of yours is before it
  --socket FILE       where HAProxy takes orders; default /run/haproxy/admin.sock

of dns:
  --name NAME         of the service, as in api.example.test
  --policy NAME       weighted   everybody by weight
                      failover   the first, and the second when that is down
                      geo        each country to its nearest region
  --ttl TIME          how long resolvers keep an answer; default 60s

Exit codes: 0 written, 2 the input is wrong.
`,
  run: writeRegions,
};

const kinds = ['haproxy', 'dns'] as const;

const options = {
  as: { type: 'string', default: 'haproxy' },
  out: { type: 'string' },
  force: { type: 'boolean' },
  listen: { type: 'string', multiple: true },
  header: { type: 'string' },
  networks: { type: 'string' },
  check: { type: 'string' },
  'slow-start': { type: 'string' },
  certificate: { type: 'string' },
  'trusts-forwarded': { type: 'boolean' },
  socket: { type: 'string' },
  name: { type: 'string' },
  policy: { type: 'string' },
  ttl: { type: 'string' },
} as const;

type Asked = Words<typeof options>['options'];

/** The options that mean something to one of them alone. */
const belongings = {
  haproxy: [
    'listen',
    'header',
    'networks',
    'check',
    'slow-start',
    'certificate',
    'trusts-forwarded',
    'socket',
  ],
  dns: ['name', 'policy', 'ttl'],
} as const satisfies Record<(typeof kinds)[number], readonly (keyof Asked)[]>;

async function writeRegions(args: readonly string[], { terminal }: Surroundings): Promise<number> {
  const { options: asked, positionals } = readWords('regions', args, options);
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0)
    throw unusable([
      `one file is needed, got ${positionals.length}. As in \`loadline regions regions.yaml --listen *:8080 --header x-country\``,
    ]);
  const write = readWriter(asked);
  const plan = await readWrittenFile(file, { read: (value) => parsedBy(() => readRegionPlan(value)), unfit });
  const text = toldOf(file, () => write(plan));
  if (asked.out === undefined) terminal.out(text);
  else {
    await writeNewFile(asked.out, text, { what: 'the regions', replaces: asked.force === true });
    terminal.err(`The regions are in ${asked.out}.\n`);
  }
  return exitCodes.passed;
}

/** What makes a text of a plan, as it was asked for. */
function readWriter(asked: Asked): (plan: RegionPlan) => string {
  const kind = parse(asked.as, (word) => word.oneOf(kinds));
  if (!kind.ok) throw unusable(kind.problems.map(({ message }) => `--as ${message}`));
  if (kind.value === 'haproxy') {
    const haproxy = readHaproxyOptions(asked, strangersTo('dns', asked));
    return (plan) => writeRegionConfiguration(plan, haproxy);
  }
  const dns = readDnsOptions(asked, strangersTo('haproxy', asked));
  return (plan) => stringify(regionRecords(plan, dns), { lineWidth: 0 });
}

/** What is asked of the other kind would be left out without a word. */
function strangersTo(other: keyof typeof belongings, asked: Asked): string[] {
  const given = belongings[other].filter((name) => asked[name] !== undefined);
  return given.map((name) => `--${name} belongs to --as ${other}`);
}

function readHaproxyOptions(asked: Asked, strangers: readonly string[]): RegionConfigurationOptions {
  const { listen = [], header, networks, check, certificate, socket = '/run/haproxy/admin.sock' } = asked;
  const slowStartMs = parseDuration(asked['slow-start'] ?? '0s');
  const problems = [
    ...strangers,
    ...(listen.length === 0 ? ['--listen must say where clients come in, as in *:8080'] : []),
    ...((header === undefined) === (networks === undefined)
      ? [
          `either --header or --networks must say where a client comes from, got ${header === undefined ? 'neither' : 'both'}`,
        ]
      : []),
    ...(slowStartMs === undefined
      ? [`--slow-start must be a duration, like 30s, got ${show(asked['slow-start'])}`]
      : []),
  ];
  if (problems.length > 0 || slowStartMs === undefined) throw unusable(problems);
  return {
    origin: header === undefined ? { networksPath: networks ?? '' } : { header },
    runtime: { socketPath: socket },
    healthCheck: check === undefined ? {} : { path: check },
    slowStartMs,
    file: {
      listen,
      trustsForwarded: asked['trusts-forwarded'] === true,
      ...(certificate === undefined ? {} : { certificatePath: certificate }),
    },
  };
}

function readDnsOptions(
  { name = '', policy, ttl = '60s' }: Asked,
  strangers: readonly string[],
): RegionRecordsOptions {
  const ttlMs = parseDuration(ttl);
  const known = parse(policy, (word) => word.oneOf(['weighted', 'failover', 'geo']));
  const problems = [
    ...strangers,
    ...(name === '' ? ['--name must say what the service is called, as in api.example.test'] : []),
    ...(known.ok ? [] : known.problems.map(({ message }) => `--policy ${message}`)),
    ...(ttlMs === undefined ? [`--ttl must be a duration, like 60s, got ${show(ttl)}`] : []),
  ];
  if (problems.length > 0 || !known.ok || ttlMs === undefined) throw unusable(problems);
  return { name, policy: known.value, ttlSeconds: ttlMs / 1000 };
}

function parsedBy<Value>(make: () => Value): Parsed<Value> {
  try {
    return { ok: true, value: make() };
  } catch (error) {
    if (!isLoadlineError(error, 'TRAFFIC_OPTIONS_INVALID')) throw error;
    return { ok: false, problems: error.facts.problems as readonly Problem[] };
  }
}

/** Has what is refused told by the names that options have here. */
function toldOf(file: string, make: () => string): string {
  const made = parsedBy(make);
  if (made.ok) return made.value;
  throw unfit(
    file,
    made.problems.map(({ path, message }) => `${optionOf(path)} ${message}`),
  );
}

function optionOf(path: Path): string {
  const named = path.filter((key) => typeof key === 'string').join('.');
  return optionsByPath.get(named) ?? formatPath(path);
}

const optionsByPath: ReadonlyMap<string, string> = new Map([
  ['file.listen', '--listen'],
  ['file.certificatePath', '--certificate'],
  ['origin.header', '--header'],
  ['origin.networksPath', '--networks'],
  ['healthCheck.path', '--check'],
  ['slowStartMs', '--slow-start'],
  ['runtime.socketPath', '--socket'],
  ['ttlSeconds', '--ttl'],
  ['name', '--name'],
]);

function unfit(file: string, problems: readonly string[]): Error {
  const message = tellProblems(`Cannot write the regions of ${file}`, problems);
  return trafficError('TRAFFIC_OPTIONS_INVALID', message, { facts: { file, problems } });
}

function unusable(problems: readonly string[]): Error {
  return cliError('CLI_USAGE', tellProblems('Cannot write regions', problems));
}

import { parse } from '../../base/index.ts';
import {
  type Exported,
  exportDeployment,
  exportHpa,
  exportKeda,
  exportPdb,
  type ScalingPolicy,
  writeManifests,
} from '../../scaling/index.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { readPolicy } from '../door/policy-file.ts';
import { tellProblems } from '../door/problems.ts';
import { writeNewFile } from '../door/result-file.ts';
import { readWords } from '../door/words.ts';
import type { Command, Surroundings } from './command.ts';

export const scaleExportCommand: Command = {
  help: `loadline scale export POLICY --as KIND [options]

Writes objects for \`kubectl apply\` of a scaling policy: a file of YAML or JSON, a HorizontalPodAutoscaler too, or a preset
like fast/service. What the policy says and an object cannot, stands before it as a comment.

  --as KIND          hpa         the autoscaler of Kubernetes that comes nearest to the policy
                     keda        a ScaledObject that asks Loadline's scaler: all of the policy holds
                     pdb         how many may be away at once while nodes are emptied
                     deployment  a workload that can be scaled without anybody noticing
                     may be repeated
  --name NAME        of the workload; that of the autoscaler where the policy is one
  --namespace NAME   default default
  --kind KIND        what is scaled; default Deployment
  --api-version V    of that; default apps/v1
  --scaler PLACE     of keda: where Loadline's scaler is; default loadline.loadline.svc:9090
  --image IMAGE      of deployment: what it runs
  --port PORT        of deployment: where it takes requests; default 8080
  --cpu Q, --memory Q  of deployment: what an instance is to have; default 500m and 512Mi
  --out FILE         writes it there, instead of to the standard output
  --force            also over a file that is there

Exit codes: 0 written, 2 the input is wrong.
`,
  run: exportObjects,
};

const kinds = ['hpa', 'keda', 'pdb', 'deployment'] as const;
type Kind = (typeof kinds)[number];

const options = {
  as: { type: 'string', multiple: true },
  name: { type: 'string' },
  namespace: { type: 'string' },
  kind: { type: 'string' },
  'api-version': { type: 'string' },
  scaler: { type: 'string' },
  image: { type: 'string' },
  port: { type: 'string' },
  cpu: { type: 'string' },
  memory: { type: 'string' },
  out: { type: 'string' },
  force: { type: 'boolean' },
} as const;

type Asked = ReturnType<typeof readWords<typeof options>>['options'];

/** The options that mean something to one kind alone. */
const owners = {
  scaler: 'keda',
  image: 'deployment',
  port: 'deployment',
  cpu: 'deployment',
  memory: 'deployment',
} as const satisfies Partial<Record<keyof Asked, Kind>>;

async function exportObjects(args: readonly string[], { terminal }: Surroundings): Promise<number> {
  const { options: asked, positionals } = readWords('scale export', args, options);
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0)
    throw usage(
      `one file is needed, got ${positionals.length}. As in \`loadline scale export policy.yaml --as hpa\``,
    );
  const wanted = readKinds(asked.as);
  const strangers = strangersTo(wanted, asked);
  if (strangers.length > 0) throw cliError('CLI_USAGE', tellProblems('Cannot export', strangers));
  const { policy } = await readPolicy(file);
  const request = {
    policy,
    ...{ name: readName(asked.name ?? policy.hpa?.scaleTarget.name), namespace: asked.namespace },
    ...{
      kind: asked.kind ?? policy.hpa?.scaleTarget.kind,
      apiVersion: asked['api-version'] ?? policy.hpa?.scaleTarget.apiVersion,
    },
    ...{
      scalerAddress: asked.scaler ?? 'loadline.loadline.svc:9090',
      image: asked.image,
      port: readPort(asked.port),
    },
    ...{ cpu: asked.cpu, memory: asked.memory },
  };
  const text = writeManifests(wanted.map((kind) => exportAs(kind, request)));
  if (asked.out === undefined) terminal.out(text);
  else {
    await writeNewFile(asked.out, text, { what: 'the objects', replaces: asked.force === true });
    terminal.err(`The objects are in ${asked.out}.\n`);
  }
  return exitCodes.passed;
}

interface Request {
  readonly policy: ScalingPolicy;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly kind: string | undefined;
  readonly apiVersion: string | undefined;
  readonly scalerAddress: string;
  readonly image: string | undefined;
  readonly port: number | undefined;
  readonly cpu: string | undefined;
  readonly memory: string | undefined;
}

function exportAs(kind: Kind, { image, ...request }: Request): Exported {
  const given = withoutAbsent(request);
  switch (kind) {
    case 'hpa':
      return exportHpa(given);
    case 'keda':
      return exportKeda(given);
    case 'pdb':
      return exportPdb(given);
    case 'deployment':
      if (image === undefined) throw usage('a deployment needs to know what it runs. Say --image IMAGE');
      return exportDeployment({ ...given, image });
  }
}

/** What was not said, without its name: each kind has defaults of its own. */
function withoutAbsent<Value extends object>(
  value: Value,
): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  const pairs = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(pairs) as { [Key in keyof Value]: Exclude<Value[Key], undefined> };
}

/** What is asked of a kind that is not written would be left out without a word. */
function strangersTo(wanted: readonly Kind[], asked: Asked): string[] {
  const given = Object.entries(owners).filter(([name]) => asked[name as keyof typeof owners] !== undefined);
  return given
    .filter(([, owner]) => !wanted.includes(owner))
    .map(([name, owner]) => `--${name} belongs to --as ${owner}`);
}

function readKinds(asked: readonly string[] | undefined): readonly Kind[] {
  const parsed = parse(asked ?? [undefined], (words) => words.array((word) => word.oneOf(kinds)));
  if (parsed.ok) return [...new Set(parsed.value)];
  const told = parsed.problems.map(({ message }) => `--as ${message}`);
  throw cliError('CLI_USAGE', tellProblems('Cannot export', told));
}

/** As Kubernetes wants names: it would refuse another one much later. */
function readName(name: string | undefined): string {
  if (name === undefined) throw usage('the policy names no workload. Say --name NAME');
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw usage(`--name must be 1 to 63 small letters, digits and dashes, got ${JSON.stringify(name)}`);
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw usage(`--port must be a whole number from 1 to 65535, got ${JSON.stringify(text)}`);
}

function usage(said: string): Error {
  return cliError('CLI_USAGE', `Cannot export: ${said}.`);
}

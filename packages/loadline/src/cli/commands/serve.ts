import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { readWords } from '../door/words.ts';
import type { Command, Surroundings } from './command.ts';

/** What a team leaves running is an app of its own; it is found by name, because the library imports no app. */
const controlPlanePackage = '@loadline/control-plane';

export const serveCommand: Command = {
  help: `loadline serve [options]

Starts the control plane. Over HTTP it runs load tests, in a queue and on schedules, and keeps their results; it watches
services, databases and caches, raises alerts, takes profiles, says what to change, and scales the services of this
machine. The first start here prints an admin key, once. Ctrl-C or SIGTERM stops it gracefully.

  --host ADDRESS       where it listens; default 127.0.0.1
  --port N             default 7070; 0 is any free one
  --home FOLDER        its files; default LOADLINE_HOME, or .loadline
  --tls-cert FILE, --tls-key FILE
                       speaks TLS with these PEM files
  --behind-proxy       says that a proxy speaks TLS in front of it, and whose X-Forwarded-For is right
  --allow-target WHAT  what tests may load: loopback, private, or the name of a host; may be repeated
  --production HOST    a host that is production: each test of it must spell its name out; may be repeated
  --tests-at-once N    how many tests run at once, of all that are queued; default 1
  --metrics-from IP    reads /metrics without a key; may be repeated
  --services FILE      services to run on this machine, as many of each as its policy wants
  --flags FILE         flags that say which rules of scaling, and which policies, take part, and which rollouts start
  --flags-from-database
                       the same, from the table feature_flags of its database
  --watch SERVICE=URL  asks a service for its metrics, each instance behind its name; http+srv://NAME for names with
                       SRV records; may be repeated
  --watch-kubernetes SERVICE=SELECTOR[; port=N; path=/metrics; namespace=NAME; scheme=https]
                       asks the pods that the selector selects, as kubectl understands it; may be repeated
  --kubernetes-api URL, --kubernetes-token-file FILE, --kubernetes-ca-file FILE
                       the API server, where it is not asked as a pod
  --watch-postgres NAME=URL, --watch-valkey NAME=URL
                       asks a database or a cache what it does; may be repeated
  --watch-every TIME   how often; default 5s
  --allow-watch WHAT   where instances may be that register: loopback, private, or a host; may be repeated
  --rules FILE         alert rules, instead of the built-in ones
  --notify-webhook URL tells of alerts there, signed with LOADLINE_WEBHOOK_SECRET; may be repeated
  --escalate-webhook URL
                       tells there of incidents that nobody took: the first one after the first time of the rules'
                       escalate_after, the second after the second; may be repeated
  --alertmanager URL   hands alerts to an Alertmanager; may be repeated

Beyond loopback it needs TLS files or --behind-proxy, and an admin key: LOADLINE_ADMIN_KEY, or one that is there.
It keeps what it knows in a PostgreSQL of its own, in its folder, or with DATABASE_URL in that one, where several then
share one queue of load tests. Its folder also has the files of tests that run, and profiles.

Exit codes: 0 stopped, 2 it cannot start as it was asked to.
`,
  run: runServe,
};

const options = {
  host: { type: 'string' },
  port: { type: 'string' },
  home: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'behind-proxy': { type: 'boolean' },
  'allow-target': { type: 'string', multiple: true },
  production: { type: 'string', multiple: true },
  'tests-at-once': { type: 'string' },
  'metrics-from': { type: 'string', multiple: true },
  services: { type: 'string' },
  flags: { type: 'string' },
  'flags-from-database': { type: 'boolean' },
  watch: { type: 'string', multiple: true },
  'watch-kubernetes': { type: 'string', multiple: true },
  'kubernetes-api': { type: 'string' },
  'kubernetes-token-file': { type: 'string' },
  'kubernetes-ca-file': { type: 'string' },
  'watch-postgres': { type: 'string', multiple: true },
  'watch-valkey': { type: 'string', multiple: true },
  'watch-every': { type: 'string' },
  'allow-watch': { type: 'string', multiple: true },
  rules: { type: 'string' },
  'notify-webhook': { type: 'string', multiple: true },
  'escalate-webhook': { type: 'string', multiple: true },
  alertmanager: { type: 'string', multiple: true },
} as const;

interface ControlPlaneModule {
  readonly serve: (
    words: object,
    surroundings: Pick<Surroundings, 'env' | 'signal'> & { readonly tell: (line: string) => void },
  ) => Promise<void>;
}

async function runServe(args: readonly string[], { terminal, signal, env }: Surroundings): Promise<number> {
  const words = readWords('serve', args, options);
  if (words.positionals.length > 0)
    throw cliError('CLI_USAGE', `Cannot serve: it takes no ${words.positionals.join(' ')}.`);
  const { serve } = await loadControlPlane();
  await serve(words.options, { env, signal, tell: (line) => terminal.err(`${line}\n`) });
  return exitCodes.passed;
}

async function loadControlPlane(): Promise<ControlPlaneModule> {
  try {
    return (await import(controlPlanePackage)) as ControlPlaneModule;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    // That something else is missing there is another mistake.
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'${controlPlanePackage}'`)) throw cause;
    throw cliError(
      'CLI_PART_MISSING',
      `Cannot serve: ${controlPlanePackage} is not installed. Install it beside loadline: \`npm install ${controlPlanePackage}\`.`,
      { cause },
    );
  }
}

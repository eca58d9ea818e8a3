import { ended } from '../../base/index.ts';
import { askControlPlane, controlPlaneOptions, readControlPlane } from '../door/control-plane.ts';
import { cliError } from '../door/errors.ts';
import { exitCodes } from '../door/exit-codes.ts';
import { notThere } from '../door/names.ts';
import { readWords } from '../door/words.ts';
import { drawGroups, type ToldGroup } from '../screen/groups.ts';
import type { Command, Surroundings } from './command.ts';

export const scaleStatusCommand: Command = {
  help: `loadline scale status [GROUP] [options]

Asks a control plane how its groups stand: how many instances are ready, what was decided last and why, what was set by
hand, who is not ready, and whether the proxies before them answer.

  --control-plane URL  default http://127.0.0.1:7070, or what LOADLINE_CONTROL_PLANE says
  --key-file F         reads the key (a viewer's is enough) from a file; otherwise it is LOADLINE_KEY
  --json               prints what the control plane answered

Exit codes: 0 told, 2 the input is wrong, or the control plane cannot be asked.
`,
  run: tellStatus,
};

const options = { ...controlPlaneOptions, json: { type: 'boolean' } } as const;

async function tellStatus(args: readonly string[], { terminal, env, signal }: Surroundings): Promise<number> {
  const { options: words, positionals } = readWords('scale status', args, options);
  const [group, ...others] = positionals;
  if (others.length > 0) throw unfit('it takes the name of one group, or none for all');
  const { address, key } = await readControlPlane(words, env);
  const answer = await askControlPlane(address, '/performance/scaling/status', { key, signal });
  const { items } = answer as { readonly items: readonly ToldGroup[] };
  const told = group === undefined ? items : items.filter((each) => each.group === group);
  const names = items.map((each) => each.group);
  if (group !== undefined && !names.includes(group)) throw unfit(notThere('group', group, names));
  if (words.json === true) terminal.out(`${JSON.stringify({ items: told }, null, 2)}\n`);
  else terminal.out(drawGroups(told, terminal));
  return exitCodes.passed;
}

function unfit(said: string): Error {
  return cliError('CLI_USAGE', `Cannot tell the status: ${ended(said)}`);
}

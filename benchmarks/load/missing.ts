/** Rows about what the command cannot do yet: they are missed, and say why. */
import { type Row, rowOf } from '../harness.ts';
import { loadlineCommand } from './contenders.ts';
import { runToEnd } from './processes.ts';

/** Whether `loadline run` knows the option. */
export async function knowsOption(option: string): Promise<boolean> {
  const { stdout } = await runToEnd(loadlineCommand(['run', '--help']));
  return stdout.includes(option);
}

export function missingRow(name: string, unit: string, target: string): Row {
  return rowOf({ name: `${name} (not available yet)`, unit, value: Number.NaN }, { target, met: false });
}

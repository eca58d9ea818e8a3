import { runCli, type Terminal } from 'loadline/cli';

/** How a command ended that ran within this process. */
export interface RunHere {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command within this process, on a terminal of paper. */
export const runHere = (...args: readonly string[]): Promise<RunHere> => runIn({}, ...args);

export async function runIn(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<RunHere> {
  let [out, err] = ['', ''];
  const terminal: Terminal = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isInteractive: false,
    width: 80,
    style: (_, text) => text,
  };
  const code = await runCli(args, { terminal, env, signal: new AbortController().signal });
  return { code, out, err };
}

import { errorsOf } from '../../base/index.ts';

/** What can go wrong between the words of a command and what it prints. */
export const cliErrorTable = {
  CLI_USAGE: {
    means: 'The command was not understood: a word or an option is unknown, missing or wrong.',
    remedy: 'Read `loadline --help`, or the command with `--help`.',
  },
  CLI_OUTPUT_UNWRITABLE: {
    means: 'A result file cannot be written.',
    remedy: 'Check that its folder exists and may be written to.',
  },
  CLI_CONTROL_PLANE: {
    means: 'A control plane cannot be asked: it does not answer, refuses the key, or answers something else.',
    remedy: 'Check its address and the key; the message has its own words.',
  },
  CLI_PART_MISSING: {
    means: 'The command needs a package that is not installed here.',
    remedy: 'Install the package that the message names, or work in a checkout of the repository.',
  },
} as const;

export const cliError: ReturnType<typeof errorsOf<typeof cliErrorTable>> = errorsOf(cliErrorTable);

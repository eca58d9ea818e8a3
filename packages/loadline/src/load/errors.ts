import { errorsOf } from '../base/index.ts';

export const loadErrorTable = {
  LOAD_FILE_UNREADABLE: {
    means: 'The scenario file, or a data file that it names, cannot be read.',
    remedy: 'Check the path; a data file is looked for beside the scenario file.',
  },
  LOAD_FILE_INVALID: {
    means: 'The scenario file has problems; the message lists each with its line.',
    remedy: 'Correct the lines; docs/reference/scenario-file.md has every key.',
  },
  LOAD_OPTIONS_INVALID: {
    means: 'What was asked for besides the file (target, scale, rate, duration) does not fit.',
    remedy: 'Correct the options that the message lists.',
  },
  LOAD_TARGET_REFUSED: {
    means: 'The target is an address that load must not go to.',
    remedy: 'Load only your own services; allow a host outside loopback and private networks by its name.',
  },
  LOAD_TARGET_UNKNOWN: {
    means: 'The name of the target cannot be resolved.',
    remedy: 'Check the name and the resolver of this machine.',
  },
} as const;

export const loadError: ReturnType<typeof errorsOf<typeof loadErrorTable>> = errorsOf(loadErrorTable);

import { errorsOf } from '../base/index.ts';

/** What can go wrong where load is described, made and judged. */
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
  LOAD_SESSIONS_MISSING: {
    means:
      'The plan has WebSocket or event steps, and the transport that was given cannot open such sessions.',
    remedy: 'Open it with `openTransport` and the protocols that `sessionProtocolsOf(plan)` tells.',
  },
  LOAD_WORKERS_UNREADY: {
    means: 'Not all workers of a run could prepare their share; the message lists which, and why.',
    remedy: 'Mend what the message names, or run with fewer workers.',
  },
  LOAD_AGENT_FILES_UNFIT: {
    means: 'The files that a scenario needs cannot be sent to agents.',
    remedy:
      'Name them by their path from the scenario file, and keep them below the limits that the message names.',
  },
  LOAD_AGENT_REFUSED: {
    means: 'Whoever conducts the run did not take this machine as an agent, and would not if it tried again.',
    remedy: 'Start both with the same token and the same version, and check the address.',
  },
  LOAD_AGENT_RUN_LOST: {
    means: 'An agent that was to take part in one run could not prepare its part, or lost the connection.',
    remedy: 'Mend what the message names; without --once it would have waited for the next run.',
  },
  LOAD_LISTEN_FAILED: {
    means: 'The address at which agents should join cannot be listened on.',
    remedy: 'Take an address of this machine, and a port that is free.',
  },
  LOAD_REPORT_UNREADABLE: {
    means: 'A report that should be compared cannot be read, or there is none at that place.',
    remedy: 'Check the path: a report, a folder of reports, or several with commas between them.',
  },
  LOAD_REPORT_INVALID: {
    means: 'A file that should be compared is no report of this version, is damaged, or is there twice.',
    remedy: 'Compare what `loadline run FILE --json REPORT` of this version has written.',
  },
  LOAD_IMPORT_UNREADABLE: {
    means:
      'The recording or the API description that should become a scenario cannot be read, or is too large.',
    remedy: 'Check the path; record less at once.',
  },
  LOAD_IMPORT_INVALID: {
    means:
      'No scenario can be made of the recording or the API description; the message lists why, with the place.',
    remedy: 'Correct the places, or save it anew; docs/reference/import.md tells what is understood.',
  },
} as const;

export const loadError: ReturnType<typeof errorsOf<typeof loadErrorTable>> = errorsOf(loadErrorTable);

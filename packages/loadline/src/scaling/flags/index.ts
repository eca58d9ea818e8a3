/** Flags: switches that are thrown without a new build, from a file, and what they say to whom. */
export { evaluateFlag, type FlagAnswer } from './evaluate-flag.ts';
export { type FileFlagsOptions, openFileFlags } from './file-flags.ts';
export type {
  Flag,
  FlagChoice,
  FlagCondition,
  FlagContext,
  FlagObject,
  FlagRule,
  FlagSet,
  FlagTest,
  FlagType,
  FlagValue,
} from './flag.ts';
export type { FlagChange, FlagSource, FlagSourceStatus } from './flag-source.ts';
export { type FlagGate, gateOf } from './gate.ts';
export { parseFlag, parseFlags } from './parse-flags.ts';

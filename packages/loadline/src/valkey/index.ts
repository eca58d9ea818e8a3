/** Reaches Valkey or Redis the right way: connect, time limits, no queue while it is away. */
export { valkeyError, valkeyErrorTable } from './errors.ts';
export { defineScript, type ScriptInput, type ValkeyScript } from './script.ts';
export type { Valkey, ValkeyOptions, ValkeyUsage } from './valkey.ts';
export { createValkey, isValkeyAddress } from './valkey.ts';

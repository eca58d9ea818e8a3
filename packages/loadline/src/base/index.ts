/** What every room needs and no domain owns: clock, random, durations and sizes, errors, parsing, bounds. */
export type { AddressKind, AddressPolicy, AddressVerdict } from './address-guard.ts';
export { judgeAddress, kindOfAddress } from './address-guard.ts';
export { BoundedQueue } from './bounded-queue.ts';
export type { Clock, Timer } from './clock.ts';
export { sleep, systemClock } from './clock.ts';
export { counted } from './counted.ts';
export { formatDuration, parseDuration } from './duration.ts';
export type { ErrorEntry, ErrorTable, LoadlineErrorOptions } from './errors.ts';
export { errorsOf, isLoadlineError, LoadlineError } from './errors.ts';
export type { NumberLimits, ObjectField, Parsed, Path, Problem } from './parse.ts';
export { closest, Field, formatPath, parse, show } from './parse.ts';
export type { Random } from './random.ts';
export { createRandom, exponential, integerBetween, normal, weightedPicker } from './random.ts';
export { formatBytes, parseBytes } from './size.ts';
export type { VirtualClock } from './virtual-clock.ts';
export { createVirtualClock } from './virtual-clock.ts';
export { withoutPassword } from './without-password.ts';

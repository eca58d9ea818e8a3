import { randomBytes } from 'node:crypto';
import type { Clock } from 'loadline/base';

/** Gives a new id each time. */
export type NextId = () => string;

/**
 * UUIDs of version 7: an id that was given later sorts later, also within a millisecond, so that an id is a place in
 * time and pages can go by it.
 */
export function createIds(clock: Clock, random: (bytes: number) => Buffer = randomBytes): NextId {
  let lastMs = 0;
  let count = 0;
  return () => {
    const nowMs = Math.floor(clock.now());
    // Where the clock was set back, or the count of its millisecond is used up, ids run ahead of it.
    if (nowMs > lastMs) {
      lastMs = nowMs;
      count = random(2).readUInt16BE() & 0x7ff;
    } else if (++count > 0xfff) {
      lastMs++;
      count = 0;
    }
    const bytes = random(16);
    bytes.writeUIntBE(lastMs, 0, 6);
    bytes.writeUInt16BE(0x7000 | count, 6);
    bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
    const hex = bytes.toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
}

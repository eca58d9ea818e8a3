import { isUuid } from '../ground/formats.ts';
import { trustLevelMax } from '../ground/rules.ts';

/** Where a page ended: the place of its last post in the order of discovery. */
export interface Position {
  readonly trustLevel: number;
  /** Milliseconds since the epoch. */
  readonly pickupMs: number;
  readonly id: string;
}

/** A position as one opaque word for an address. */
export function encodeCursor({ trustLevel, pickupMs, id }: Position): string {
  return Buffer.from(`${trustLevel}.${pickupMs}.${id}`).toString('base64url');
}

/** The position in a cursor; undefined for what is no cursor of ours. */
export function decodeCursor(cursor: string): Position | undefined {
  const [level = '', pickup = '', id = '', ...rest] = Buffer.from(cursor, 'base64url').toString().split('.');
  const trustLevel = Number(level);
  const pickupMs = Number(pickup);
  const isSound =
    rest.length === 0 &&
    Number.isInteger(trustLevel) &&
    trustLevel >= 1 &&
    trustLevel <= trustLevelMax &&
    Number.isInteger(pickupMs) &&
    Math.abs(pickupMs) <= timeMaxMs &&
    isUuid(id);
  return isSound ? { trustLevel, pickupMs, id } : undefined;
}

/** Further out there is no Date. */
const timeMaxMs = 8.64e15;

/** What a generated id names; it stands in the id, so that no two kinds share one. */
export type NumberedKind =
  | 'user'
  | 'group'
  | 'post'
  | 'exchange'
  | 'rating'
  | 'event'
  | 'movement'
  | 'partnership';

const kindDigits: Readonly<Record<NumberedKind, string>> = {
  user: '001',
  group: '002',
  post: '003',
  exchange: '004',
  rating: '005',
  event: '006',
  movement: '007',
  partnership: '008',
};

/**
 * The id of the nth of its kind: a UUID of version 8 (RFC 9562, free layout) with the number in its first 48
 * bits. So ids ascend with their numbers, which is how a B-tree likes to be filled; any table can name a row
 * of another without looking it up; and every id that is made later (version 7, from the time) comes after.
 *
 * @example numberedId('post', 255) === '00000000-00ff-8003-8000-000000000000'
 */
export function numberedId(kind: NumberedKind, number: number): string {
  const high = Math.floor(number / 0x10000);
  const low = number % 0x10000;
  return `${hex(high >>> 16)}${hex(high & 0xffff)}-${hex(low)}-8${kindDigits[kind]}-8000-000000000000`;
}

/** Four digits, looked up: ids are a third of the generated text. */
function hex(value: number): string {
  return fourDigits[value] as string;
}

const fourDigits = Array.from({ length: 0x10000 }, (_, value) => value.toString(16).padStart(4, '0'));

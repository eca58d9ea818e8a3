import type { Field, ObjectField } from '../../base/index.ts';

/** What stands under a key; undefined also where that is null, which to the API server is the same as not written. */
export function written<Key extends string>(object: ObjectField<Key>, key: Key): Field | undefined {
  const field = object.optional(key);
  return field?.value === null ? undefined : field;
}

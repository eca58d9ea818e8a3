import type { Field } from '../../base/index.ts';

/** A name that may stand in a path, as the API server wants those of metrics, and of what an object refers to. */
export function readPathName(field: Field): string {
  const name = field.string();
  if (name === '.' || name === '..' || /[/%]/.test(name))
    field.problem(
      `must be a part of a path, without / or %, and neither . nor .., got ${JSON.stringify(name)}`,
    );
  return name;
}

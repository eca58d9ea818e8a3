import { type Verb, verbOf } from '../draft/scenario-draft.ts';
import type { ApiPlace } from './api-place.ts';

/** What an API offers at one path by one method. */
export interface Operation {
  readonly verb: Verb;
  /** As it is described, without a slash at the end: `/pets/{petId}`. */
  readonly path: string;
  readonly place: ApiPlace;
  readonly tags: readonly string[];
  readonly parameters: readonly Parameter[];
}

export interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly isRequired: boolean;
  readonly place: ApiPlace;
}

export interface Chosen {
  readonly operations: readonly Operation[];
  /** What is not imported, and why. */
  readonly leftOut: readonly string[];
}

export interface OperationChoice {
  /** Only operations with one of these tags. */
  readonly tags?: readonly string[] | undefined;
  /** Whether those that delete and those that are deprecated are imported too; default false. */
  readonly all?: boolean | undefined;
}

/** The operations of a description, in its order. */
export function chooseOperations(document: ApiPlace, choice: OperationChoice): Chosen {
  const found = document
    .at('paths')
    .entries()
    .flatMap(([path, item]) => (path.startsWith('/') ? operationsAt(path, item) : []));
  const leftOut: string[] = [];
  const operations = found.filter((operation) => {
    if (choice.tags?.length && !operation.tags.some((tag) => choice.tags?.includes(tag))) return false;
    if (choice.all === true) return true;
    const isDeprecated = operation.place.at('deprecated').value === true;
    if (!isDeprecated && operation.verb !== 'delete') return true;
    leftOut.push(
      `${labelOf(operation)}: it ${isDeprecated ? 'is deprecated' : 'deletes'} (--all imports it)`,
    );
    return false;
  });
  if (operations.length > 0) return { operations, leftOut };
  const tags = [...new Set(found.flatMap((operation) => operation.tags))];
  if (choice.tags?.length && found.length > 0)
    document.problem(
      `has no operation with the tag ${choice.tags.join(' or ')}${tags.length === 0 ? '' : `; its tags are ${tags.slice(0, 20).join(', ')}`}`,
    );
  else
    document
      .at('paths')
      .problem(
        found.length === 0
          ? 'holds no operations'
          : 'holds only operations that delete or are deprecated; --all imports them',
      );
  return { operations, leftOut };
}

export function labelOf({ verb, path }: Pick<Operation, 'verb' | 'path'>): string {
  return `${verb.toUpperCase()} ${path}`;
}

function operationsAt(path: string, item: ApiPlace): Operation[] {
  return item.entries().flatMap(([method, place]) => {
    const verb = /^[a-z]+$/.test(method) ? verbOf(method) : undefined;
    if (verb === undefined || typeof place.value !== 'object' || place.value === null) return [];
    const tags = place
      .at('tags')
      .items()
      .flatMap((tag) => tag.text() ?? []);
    return [
      {
        verb,
        path: path.replace(/(?<=.)\/+$/, ''),
        place,
        tags: tags.filter((tag) => tag !== ''),
        parameters: parametersOf(item, place),
      },
    ];
  });
}

/** Those of the operation over those of its path. */
function parametersOf(item: ApiPlace, operation: ApiPlace): Parameter[] {
  const all = [...item.at('parameters').items(), ...operation.at('parameters').items()].map((place) => ({
    name: place.at('name').text() ?? '',
    in: place.at('in').text() ?? '',
    isRequired: place.at('required').value === true || place.at('in').value === 'path',
    place,
  }));
  return [
    ...new Map(all.map((parameter) => [`${parameter.in} ${parameter.name}`, parameter])).values(),
  ].filter(({ name }) => name !== '');
}

import { singular, uniqueNames, variableName, wordsOf } from '../draft/names.ts';
import type { SaveDraft } from '../draft/scenario-draft.ts';
import { pointerStep } from '../draft/texts.ts';
import type { ApiPlace } from './api-place.ts';
import type { Operation } from './operations.ts';
import { jsonContent, propertiesOf, saying, typeOf } from './schemas.ts';

/** Operations in an order in which one can follow the other: what creates comes before what reads it. */
export type Journey = readonly Stop[];

export interface Stop {
  readonly operation: Operation;
  /** Path parameter → the name under which an earlier answer's value was saved. */
  readonly filled: ReadonlyMap<string, string>;
  readonly saves: readonly (readonly [name: string, from: SaveDraft])[];
}

/**
 * Puts operations in order, and takes the ids in their paths from answers: `{petId}` of `/pets/{petId}` from
 * what `POST /pets` answers, or else from the list that `GET /pets` gives. What gives an id is part of the
 * journey even where it was not asked for.
 *
 * @param all every operation of the API that may be used.
 */
export function planJourney(wanted: readonly Operation[], all: readonly Operation[]): Journey {
  const stops = new Map<Operation, Building>();
  const unique = uniqueNames();
  const order = wanted
    .map((operation, at) => ({ operation, at, rank: rankOf(operation) }))
    .sort((a, b) => a.rank - b.rank || a.at - b.at);
  const visit = (operation: Operation, pending: readonly Operation[]): void => {
    if (stops.has(operation) || pending.length > depthMax) return;
    const stop: Building = { operation, filled: new Map(), saves: [] };
    for (const { name, collection } of idsIn(operation.path)) {
      const source = sourceOf(
        name,
        collection,
        all.filter((each) => each !== operation && !pending.includes(each)),
      );
      if (source === undefined) continue;
      visit(source.operation, [...pending, operation]);
      const giver = stops.get(source.operation);
      if (giver === undefined) continue;
      const saved = giver.saves.find(([, from]) => JSON.stringify(from) === JSON.stringify(source.from));
      const variable = saved?.[0] ?? unique(variableOf(name, collection));
      if (saved === undefined) giver.saves.push([variable, source.from]);
      stop.filled.set(name, variable);
    }
    stops.set(operation, stop);
  };
  for (const { operation } of order) visit(operation, []);
  return [...stops.values()];
}

interface Building extends Stop {
  readonly filled: Map<string, string>;
  readonly saves: (readonly [name: string, from: SaveDraft])[];
}

/** Things within things within things: no path goes deeper. */
const depthMax = 10;

/** What creates first, outer things before inner ones; what deletes last, inner things before outer ones. */
function rankOf({ verb, path }: Operation): number {
  const depth = path.split('/').length;
  if (verb === 'delete') return 10_000 - depth;
  return verb === 'post' && !path.endsWith('}') ? depth : 1000;
}

/** The parameters that stand for a whole segment, with the path of what they choose from. */
function idsIn(path: string): { readonly name: string; readonly collection: string }[] {
  const segments = path.split('/');
  return segments.flatMap((segment, at) => {
    const name = /^\{([^{}]+)\}$/.exec(segment)?.[1];
    return name === undefined ? [] : [{ name, collection: segments.slice(0, at).join('/') }];
  });
}

interface Source {
  readonly operation: Operation;
  readonly from: SaveDraft;
}

function sourceOf(name: string, collection: string, all: readonly Operation[]): Source | undefined {
  const at = (verb: 'post' | 'get'): Operation | undefined =>
    all.find((each) => each.verb === verb && comparable(each.path) === comparable(collection));
  const [creating, listing] = [at('post'), at('get')];
  const created = creating && schemaOfAnswer(creating);
  const pointer = created && pointerToId(created, name);
  if (creating !== undefined && pointer !== undefined)
    return { operation: creating, from: { json: pointer } };
  const listed = listing && schemaOfAnswer(listing);
  const from = listed && fromList(listed, name);
  return listing !== undefined && from !== undefined ? { operation: listing, from } : undefined;
}

/** Parameters may be called differently at different paths. */
function comparable(path: string): string {
  return path.replace(/\{[^{}]*\}/g, '{}');
}

/** Of the first success that has JSON. */
export function schemaOfAnswer({ place }: Operation): ApiPlace | undefined {
  return place
    .at('responses')
    .entries()
    .filter(([status]) => /^2\d\d$|^2XX$|^default$/i.test(status))
    .flatMap(([, response]) => jsonContent(response)?.media.at('schema') ?? [])
    .find((schema) => schema.isThere);
}

/** Where an object has the id: itself, or what it is wrapped in. */
function pointerToId(schema: ApiPlace, name: string): string | undefined {
  const properties = propertiesOf(schema);
  const key = idKey(properties, name);
  if (key !== undefined) return pointerStep(key);
  for (const [wrapper, inner] of properties) {
    const within = wrappers.has(wrapper) ? idKey(propertiesOf(inner), name) : undefined;
    if (within !== undefined) return `${pointerStep(wrapper)}${pointerStep(within)}`;
  }
  return undefined;
}

const wrappers: ReadonlySet<string> = new Set(['data', 'result', 'item', 'payload', 'attributes']);

function fromList(schema: ApiPlace, name: string): SaveDraft | undefined {
  const lists = [
    ['', schema] as const,
    ...[...propertiesOf(schema)].map(([key, each]) => [pointerStep(key), each] as const),
  ];
  for (const [pointer, list] of lists) {
    const items = typeOf(list) === 'array' ? saying(list, 'items') : undefined;
    const key = items && idKey(propertiesOf(items), name);
    if (key !== undefined) return { json: pointerStep(key), random_of: pointer };
  }
  return undefined;
}

/** The property that a parameter means: of its name, or for `petId` the `id`. */
function idKey(properties: ReadonlyMap<string, ApiPlace>, name: string): string | undefined {
  const plain = (text: string): string => wordsOf(text).join('');
  const last = wordsOf(name).at(-1) ?? '';
  const wishes = [plain(name), ...(generic.has(last) ? [last] : []), ...(last === 'id' ? ['uuid'] : [])];
  return wishes
    .map((wish) => [...properties.keys()].find((key) => plain(key) === wish))
    .find((key) => key !== undefined);
}

const generic: ReadonlySet<string> = new Set('id uuid guid slug key code name number'.split(' '));

function variableOf(name: string, collection: string): string {
  const words = wordsOf(name);
  const thing =
    collection
      .split('/')
      .filter((segment) => segment !== '' && !segment.startsWith('{'))
      .at(-1) ?? '';
  return variableName(
    words.length === 1 && generic.has(words[0] as string) ? [...wordsOf(singular(thing)), ...words] : words,
  );
}

import { ApiFailure } from './fake-cluster.ts';

/** An object as an API server keeps it. */
export interface FakeObject {
  readonly metadata: {
    readonly name: string;
    readonly resourceVersion: string;
    readonly [key: string]: unknown;
  };
  readonly [key: string]: unknown;
}

/**
 * Objects by their paths, with versions: what was changed since it was read is refused as a conflict, what is there is not
 * made twice, what is not there is not found. It stands in for an API server, by what its API's reference says of optimistic
 * concurrency.
 */
export class FakeObjects {
  readonly #objects = new Map<string, FakeObject>();
  #version = 100;

  /** @param collection the path of all of the kind. */
  put(collection: string, object: { readonly metadata: { readonly name: string } }): FakeObject {
    const path = `${collection}/${object.metadata.name}`;
    const version = String(++this.#version);
    const kept = {
      ...object,
      metadata: { uid: `uid-${version}`, ...object.metadata, resourceVersion: version },
    };
    this.#objects.set(path, kept);
    return kept;
  }

  /** Completes what was just kept, as a server does before anybody reads it. */
  amend(path: string, object: FakeObject): void {
    this.#objects.set(path, object);
  }

  remove(path: string): void {
    this.#objects.delete(path);
  }

  find(path: string): FakeObject | undefined {
    return this.#objects.get(path);
  }

  /** @throws ApiFailure */
  get(path: string): FakeObject {
    const found = this.#objects.get(path);
    if (found !== undefined) return found;
    const [resource = '', name = ''] = path.split('/').slice(-2);
    throw new ApiFailure(404, 'NotFound', `${resource} "${name}" not found`);
  }

  list(collection: string): readonly FakeObject[] {
    return [...this.#objects]
      .filter(([path]) => path.startsWith(`${collection}/`))
      .map(([, object]) => object);
  }

  /** @throws ApiFailure */
  create(collection: string, object: FakeObject): FakeObject {
    const { name } = object.metadata;
    if (this.#objects.has(`${collection}/${name}`))
      throw new ApiFailure(409, 'AlreadyExists', `${collection.split('/').at(-1)} "${name}" already exists`);
    if (object.metadata.resourceVersion !== undefined)
      throw new ApiFailure(422, 'Invalid', 'resourceVersion should not be set on objects to be created');
    const { uid: _, ...metadata } = object.metadata;
    return this.put(collection, { ...object, metadata });
  }

  /**
   * Replaces it, where it is still what was read. Leases are also made by that, but not those that had an identity: they are
   * another one's.
   *
   * @throws ApiFailure
   */
  update(
    path: string,
    object: FakeObject,
    { isMadeSo = false }: { readonly isMadeSo?: boolean } = {},
  ): FakeObject {
    const before = isMadeSo ? this.find(path) : this.get(path);
    const { resourceVersion, uid } = object.metadata;
    if (uid !== undefined && uid !== before?.metadata.uid) {
      const found = String(before?.metadata.uid ?? '');
      throw conflict(
        path,
        `Precondition failed: UID in precondition: ${String(uid)}, UID in object meta: ${found}`,
      );
    }
    if (before !== undefined && resourceVersion === undefined)
      throw new ApiFailure(422, 'Invalid', 'metadata.resourceVersion: must be specified for an update');
    if (before !== undefined && resourceVersion !== before.metadata.resourceVersion)
      throw conflict(
        path,
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    return this.put(path.slice(0, path.lastIndexOf('/')), object);
  }
}

function conflict(path: string, because: string): ApiFailure {
  const [resource = '', name = ''] = path.split('/').slice(-2);
  return new ApiFailure(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resource} "${name}": ${because}`,
  );
}

/** By RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

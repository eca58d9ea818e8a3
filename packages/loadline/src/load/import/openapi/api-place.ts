import type { Field } from '../../../base/index.ts';

/**
 * A place of an API description, behind its references: wherever a `$ref` stands it is followed within the
 * document, so that nobody else has to know of them.
 */
export class ApiPlace {
  readonly #field: Field;
  readonly #root: Field;
  #id: string | undefined;

  constructor(field: Field, root: Field) {
    this.#root = root;
    this.#field = follow(field, root);
  }

  get value(): unknown {
    return this.#field.value;
  }

  /** Where it stands, behind its references: the same for all who refer to it. */
  get id(): string {
    this.#id ??= JSON.stringify(this.#field.path);
    return this.#id;
  }

  get isThere(): boolean {
    return this.#field.value !== undefined && this.#field.value !== null;
  }

  at(key: string | number): ApiPlace {
    return new ApiPlace(this.#field.at(key), this.#root);
  }

  /** The members of a map; none where it is no map. */
  entries(): (readonly [key: string, place: ApiPlace])[] {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    return Object.keys(value).map((key) => [key, this.at(key)]);
  }

  /** The elements of a list; none where it is no list. */
  items(): ApiPlace[] {
    return Array.isArray(this.value) ? this.value.map((_, index) => this.at(index)) : [];
  }

  text(): string | undefined {
    return typeof this.value === 'string' ? this.value : undefined;
  }

  number(): number | undefined {
    return typeof this.value === 'number' && Number.isFinite(this.value) ? this.value : undefined;
  }

  problem(message: string): void {
    this.#field.problem(message);
  }
}

/** More in a row is a circle. */
const hopsMax = 32;

function follow(field: Field, root: Field): Field {
  let place = field;
  for (let hops = 0; hops < hopsMax; hops++) {
    const reference = referenceOf(place.value);
    if (reference === undefined) return place;
    if (!reference.startsWith('#')) {
      field.problem(`refers to ${reference}, which is another document; bundle them into one first`);
      return field.as(undefined);
    }
    place = pointedAt(root, reference);
    if (place.value === undefined) {
      field.problem(`refers to ${reference}, which is not there`);
      return field.as(undefined);
    }
  }
  field.problem('refers to itself by way of others');
  return field.as(undefined);
}

function referenceOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '$ref')) return undefined;
  const { $ref } = value as { $ref: unknown };
  return typeof $ref === 'string' ? $ref : undefined;
}

/** What a reference like `#/components/schemas/Pet` points at (RFC 6901, section 6). */
function pointedAt(root: Field, reference: string): Field {
  return reference
    .slice(1)
    .split('/')
    .slice(1)
    .map((token) => decode(token).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((place, token) => place.at(Array.isArray(place.value) ? Number(token) : token), root);
}

function decode(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

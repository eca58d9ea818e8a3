/** Where a value comes from. */
export type Extraction =
  | {
      readonly kind: 'json';
      readonly pointer: readonly string[];
      /** A list of which a random element is taken first; the pointer goes on from there. */
      readonly randomOf?: readonly string[];
    }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'pattern'; readonly pattern: RegExp };

/** What must hold of a response; each one that does not is a failed check. */
export type Check =
  | { readonly kind: 'status'; readonly statuses: readonly number[]; readonly name: string }
  | {
      readonly kind: 'header';
      readonly header: string;
      /** Undefined where any value will do. */
      readonly equals: string | undefined;
      readonly name: string;
    }
  | { readonly kind: 'body'; readonly contains: string; readonly name: string }
  | { readonly kind: 'pattern'; readonly pattern: RegExp; readonly name: string }
  | {
      readonly kind: 'json';
      readonly pointer: readonly string[];
      readonly expected: JsonExpectation;
      readonly name: string;
    };

export type JsonExpectation =
  | { readonly kind: 'exists' }
  | { readonly kind: 'equals'; readonly value: JsonScalar };
export type JsonScalar = string | number | boolean | null;

/** Whether an extraction or a check needs the body at all: what nobody reads is not kept. */
export function readsBody({ kind }: Extraction | Check): boolean {
  return kind === 'json' || kind === 'body' || kind === 'pattern';
}

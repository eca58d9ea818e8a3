import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { OperationName, operations } from './operations.ts';
import type { Shapes } from './shapes.ts';

/** What answers each operation: from what was asked to a reply, without a framework. */
export type Handlers = { readonly [Name in OperationName]: (request: Request<Name>) => Promise<Reply<Name>> };

/** A request that was validated, from somebody who may ask. */
export interface Request<Name extends OperationName> {
  readonly params: Part<Name, 'params'>;
  readonly query: Part<Name, 'query'>;
  /** Of an operation that takes other types than JSON its bytes; empty where there was none. */
  readonly body: Operations[Name] extends { readonly bodyAs: unknown } ? Uint8Array : Part<Name, 'body'>;
  readonly headers: Part<Name, 'headers'> & {
    readonly accept?: string;
    readonly 'content-type'?: string;
    readonly 'content-encoding'?: string;
  };
  /** Who asks; absent where the operation is open and nobody was recognised. */
  readonly who: Requester | undefined;
}

/** Who asks: by a key, or by a browser's session that was opened with it. */
export interface Requester {
  readonly keyId: string;
  readonly name: string;
  readonly role: 'reporter' | 'viewer' | 'operator' | 'admin';
  /** Of a browser that has a session. */
  readonly session?: { readonly id: string; readonly csrfToken: string; readonly expiresAtMs: number };
}

/** What an operation answers: JSON, another text, or nothing. */
export type Reply<Name extends OperationName> = ReplyHead &
  (
    | { readonly body: ReplyBody<Name> }
    /** Of another type than JSON. */
    | { readonly text: string | AsyncIterable<string | Uint8Array>; readonly contentType: string }
    | { readonly isEmpty: true }
  );

interface ReplyHead {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** It was only read, and is in the audit log all the same. */
  readonly isAudited?: true;
}

type Operations = typeof operations;

type Part<Name extends OperationName, Key extends 'params' | 'query' | 'body' | 'headers'> =
  Operations[Name] extends Readonly<Record<Key, infer Written>> ? TypeOf<Written> : unknown;

type TypeOf<Written> = Written extends { readonly $ref: infer Named extends keyof Shapes }
  ? Shapes[Named]
  : Written extends JSONSchema
    ? FromSchema<Written>
    : never;

type ReplyBody<Name extends OperationName> = {
  [Status in keyof Operations[Name]['responses']]: Operations[Name]['responses'][Status] extends {
    readonly schema: infer Written;
  }
    ? TypeOf<Written>
    : never;
}[keyof Operations[Name]['responses']];

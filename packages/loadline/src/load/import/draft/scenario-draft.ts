/**
 * A scenario file before it is text. Every text in it is a template: what was recorded or described must not
 * hold `{{` any more unless it is a hole (see `texts.ts`).
 */
export interface FileDraft {
  /** Lines of a comment on top. */
  readonly intro: readonly string[];
  readonly target: string;
  readonly scenarios: readonly ScenarioDraft[];
}

export interface ScenarioDraft {
  readonly name: string;
  readonly headers: Pairs;
  readonly auth: AuthDraft | undefined;
  readonly steps: readonly StepDraft[];
}

export type StepDraft = RequestDraft | PauseDraft;

export interface PauseDraft {
  readonly kind: 'think';
  readonly durationMs: number;
  /** Lines of a comment before the step. */
  readonly notes: readonly string[];
}

export interface RequestDraft {
  readonly kind: 'request';
  readonly verb: Verb;
  /** Begins with a slash; may have a query, percent-encoded. */
  readonly path: string;
  /** Absent where method and path are the name. */
  readonly name: string | undefined;
  readonly query: Pairs;
  readonly headers: Pairs;
  /** Absent where the scenario's holds. */
  readonly auth: AuthDraft | 'none' | undefined;
  readonly body: BodyDraft | undefined;
  /** Empty where 200 to 399 are no error. */
  readonly expect: readonly number[];
  readonly redirects: number | undefined;
  /** JSON pointers that must lead somewhere. */
  readonly exists: readonly string[];
  readonly saves: readonly (readonly [name: string, from: SaveDraft])[];
  readonly notes: readonly string[];
}

/** Names and values in order; a name may stand there several times. */
export type Pairs = readonly (readonly [name: string, value: string])[];

export type Verb = (typeof verbs)[number];
export const verbs = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'] as const;

export function verbOf(method: string): Verb | undefined {
  return verbs.find((verb) => verb === method.toLowerCase());
}

export type AuthDraft =
  | { readonly bearer: string }
  | { readonly basic: { readonly user: string; readonly password: string } };

export type BodyDraft =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly pairs: Pairs }
  | { readonly kind: 'multipart'; readonly pairs: Pairs }
  | { readonly kind: 'text'; readonly text: string };

export type SaveDraft =
  | { readonly json: string; readonly random_of?: string }
  | { readonly header: string }
  | { readonly cookie: string }
  | { readonly match: string };

/** What has to be in the environment before the scenario runs. */
export interface EnvironmentNeed {
  readonly name: string;
  /** What it is, as in `the password of POST /login`. */
  readonly what: string;
}

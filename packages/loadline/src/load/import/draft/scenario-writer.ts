import { Document, type Pair, type Scalar, type YAMLMap } from 'yaml';
import type { AuthDraft, BodyDraft, FileDraft, Pairs, RequestDraft, StepDraft } from './scenario-draft.ts';
import {
  block,
  commentOf,
  type Entry,
  json,
  list,
  map,
  type Piece,
  rows,
  scalar,
  text,
} from './yaml-nodes.ts';

/** Writes a draft as the YAML of a scenario file, with its comments. Pure: the same draft gives the same text. */
export function writeScenario({ intro, target, scenarios }: FileDraft): string {
  const root = block([
    ['target', text(target)],
    [
      'scenarios',
      block(
        scenarios.map(({ name, auth, headers, steps }) => [
          name,
          block([
            ...entryIf('auth', auth && authPiece(auth)),
            ...entryIf('headers', pairsPiece(headers)),
            ['steps', rows(steps.map(stepPiece))],
          ]),
        ]),
      ),
    ],
    ['load', aTry],
    ['thresholds', block([['errors', text('ratio < 1%')]])],
  ]);
  const document = new Document();
  document.contents = root.node as typeof document.contents;
  document.commentBefore = commentOf(intro);
  const [, ...others] = (root.node as YAMLMap).items as Pair<Scalar>[];
  for (const { key } of others) key.spaceBefore = true;
  const load = others.find(({ key }) => key.value === 'load');
  if (load !== undefined) load.key.commentBefore = ' A try: say here how many users you expect.';
  return document.toString({ lineWidth: 0 });
}

/** Enough to see that the scenario works, and harmless. */
const aTry: Piece = rows([
  block([['ramp', map([['users', scalar(5)] as const, ['over', text('10s')]])]]),
  block([['hold', map([['users', scalar(5)] as const, ['for', text('1m')]])]]),
]);

function stepPiece(step: StepDraft): Piece {
  const piece =
    step.kind === 'think' ? block([['think', text(durationText(step.durationMs))]]) : requestPiece(step);
  if (step.notes.length > 0) piece.node.commentBefore = commentOf(step.notes);
  return piece;
}

function requestPiece(step: RequestDraft): Piece {
  return block([
    [step.verb, text(step.path)],
    ...entryIf('name', step.name === undefined ? undefined : text(step.name)),
    ...entryIf('query', pairsPiece(step.query)),
    ...entryIf('auth', step.auth === 'none' ? text('none') : step.auth && authPiece(step.auth)),
    ...entryIf('headers', pairsPiece(step.headers)),
    ...(step.body === undefined ? [] : [bodyEntry(step.body)]),
    ...entryIf('expect', statusesPiece(step.expect)),
    ...entryIf('redirects', step.redirects === undefined ? undefined : scalar(step.redirects)),
    ...entryIf('check', checkPiece(step)),
    ...entryIf('save', savesPiece(step)),
  ]);
}

function checkPiece({ expect, exists }: RequestDraft): Piece | undefined {
  if (exists.length === 0) return undefined;
  return map([
    ...entryIf('status', statusesPiece(expect)),
    ['json', map(exists.map((pointer) => [pointer, text('exists')]))],
  ]);
}

function savesPiece({ saves }: RequestDraft): Piece | undefined {
  if (saves.length === 0) return undefined;
  return map(
    saves.map(([name, from]) => [
      name,
      map(Object.entries(from).map(([key, value]) => [key, text(String(value))])),
    ]),
  );
}

function statusesPiece(statuses: readonly number[]): Piece | undefined {
  const [only] = statuses;
  if (only === undefined) return undefined;
  return statuses.length === 1 ? scalar(only) : list(statuses.map(scalar));
}

function authPiece(auth: AuthDraft): Piece {
  if ('bearer' in auth) return map([['bearer', text(auth.bearer)]]);
  const { user, password } = auth.basic;
  return map([['basic', map([['user', text(user)] as const, ['password', text(password)]])]]);
}

function bodyEntry(body: BodyDraft): Entry {
  switch (body.kind) {
    case 'json':
      return ['json', json(body.value)];
    case 'text':
      return ['body', text(body.text)];
    default:
      return [body.kind, pairsPiece(body.pairs) ?? map([])];
  }
}

/** A name that stands there several times has a list. */
function pairsPiece(pairs: Pairs): Piece | undefined {
  if (pairs.length === 0) return undefined;
  const grouped = Map.groupBy(pairs, ([name]) => name);
  return map(
    [...grouped].map(([name, all]) => {
      const values = all.map(([, value]) => text(value));
      return [name, values.length === 1 ? (values[0] as Piece) : list(values)];
    }),
  );
}

function entryIf(key: string, value: Piece | undefined): Entry[] {
  return value === undefined ? [] : [[key, value]];
}

function durationText(durationMs: number): string {
  return durationMs >= 1000 ? `${durationMs / 1000}s` : `${durationMs}ms`;
}

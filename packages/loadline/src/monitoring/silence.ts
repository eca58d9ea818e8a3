import { type Field, type Parsed, parse, parseInstant, show } from '../base/index.ts';
import { type AlertState, alertLabels } from './alert-state.ts';
import { isMatched, type LabelMatch } from './labels.ts';
import { readMatch } from './parse-labels.ts';

/** For a time, alerts that match are watched as ever and told to nobody. */
export interface Silence {
  readonly id: string;
  /** Of an alert's labels, with `rule` and `severity` among them. */
  readonly match: LabelMatch;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly by: string;
  readonly why: string;
}

/** Keys of a silence as somebody asks for it. */
const silenceKeys = ['match', 'for', 'from', 'why'] as const;

/**
 * Reads what somebody asks for: `{ match: { service: api }, for: 2h, why: moving the database }`, from now or from a
 * time as of ISO 8601. A match that means every alert must say so: `{ rule: '*' }`. At most 30 days.
 */
export function parseSilence(
  input: unknown,
  { by, nowMs }: { readonly by: string; readonly nowMs: number },
): Parsed<Omit<Silence, 'id'>> {
  return parse(input, (root) => {
    const asked = root.object(silenceKeys);
    const match = readMatch(asked.required('match'));
    if (Object.keys(match).length === 0 && typeof asked.required('match').value === 'object')
      asked.required('match').problem('must name a label; to silence everything write rule: "*"');
    const from = asked.optional('from');
    const fromMs = from === undefined ? nowMs : readTime(from, nowMs);
    const durationMs = asked.required('for').duration({ above: 0, atMost: silenceMsMax });
    if (fromMs + durationMs <= nowMs)
      from?.problem('must not be so long ago that the silence is over already');
    const why = asked.required('why').string();
    if (why.length > 500) asked.required('why').problem(`must have at most 500 letters, got ${why.length}`);
    return { match, fromMs, untilMs: fromMs + durationMs, by, why };
  });
}

const silenceMsMax = 30 * 86_400_000;

/** With its zone, since a time without one is another on every machine. */
function readTime(field: Field, standIn: number): number {
  const found = field.string();
  const atMs = parseInstant(found);
  if (atMs !== undefined) return atMs;
  if (found !== '')
    field.problem(
      `must be a time as of ISO 8601 with its zone, like 2026-06-06T08:00:00Z, got ${show(found)}`,
    );
  return standIn;
}

/** The silence that lasts longest of those that hold for an alert now. */
export function silencing(
  alert: Pick<AlertState, 'labels' | 'rule' | 'severity'>,
  silences: readonly Silence[],
  nowMs: number,
): Silence | undefined {
  const labels = alertLabels(alert);
  return silences
    .filter(({ fromMs, untilMs, match }) => fromMs <= nowMs && nowMs < untilMs && isMatched(match, labels))
    .toSorted((a, b) => b.untilMs - a.untilMs || (a.id < b.id ? -1 : 1))[0];
}

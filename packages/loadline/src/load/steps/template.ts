import { parseDuration, show } from '../../base/index.ts';

/**
 * A text with holes: `/api/food/{{foodId}}?lat={{person.lat}}`. Compiled once into literals and holes, so
 * that building a request is a few concatenations.
 *
 * A hole is filled from a saved value (`foodId`), a column of a data file (`person.lat`) or a function:
 * `$uuid`, `$int(1,100)`, `$time(+2h)` (ISO 8601, from now), `$user` (the user's number from 0),
 * `$iteration` (the user's iteration from 0). In a JSON body, a text that is nothing but
 * `{{person.lat as number}}` becomes a number.
 */
export interface Template {
  /** As it was written. */
  readonly text: string;
  /** Literals and holes in order. */
  readonly parts: readonly (string | Hole)[];
}

export interface Hole {
  readonly slot: Slot;
  /** How the value is written: as it is, percent-encoded, inside a JSON string, or as a JSON number. */
  readonly form: 'plain' | 'url component' | 'json text' | 'json number';
}

export type Slot =
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'column'; readonly source: string; readonly column: string }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'int'; readonly from: number; readonly to: number }
  | { readonly kind: 'time'; readonly offsetMs: number }
  | { readonly kind: 'user' }
  | { readonly kind: 'iteration' };

/** All that is wrong with a text's holes. */
export interface TemplateProblems {
  readonly problems: readonly string[];
  /** What its other holes are filled from. */
  readonly slots: readonly Slot[];
}

/** Compiles a text whose values are written as they are: a path, a header, a text body. */
export function compileTemplate(text: string): Template | TemplateProblems {
  return templateOf(text, compileParts(text, 'plain'));
}

/** Compiles a JSON body: the strings in it are templates, and what fills them is escaped. */
export function compileJsonTemplate(value: unknown): Template | TemplateProblems {
  const collected: Compiled = { parts: [], problems: [] };
  collectJson(value, collected);
  return templateOf(JSON.stringify(value), { ...collected, parts: joinLiterals(collected.parts) });
}

/** Every slot of a template, so that a door can tell names that nothing fills. */
export function slotsOf(template: Template): Slot[] {
  return template.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.slot]));
}

/** How a slot is called in a message. */
export function nameOf(slot: Slot): string {
  if (slot.kind === 'variable') return slot.name;
  return slot.kind === 'column' ? `${slot.source}.${slot.column}` : `$${slot.kind}`;
}

interface Compiled {
  readonly parts: (string | Hole)[];
  readonly problems: string[];
}

function templateOf(text: string, { parts, problems }: Compiled): Template | TemplateProblems {
  const template = { text, parts };
  return problems.length === 0 ? template : { problems, slots: slotsOf(template) };
}

function compileParts(text: string, form: Hole['form']): Compiled {
  const parts: (string | Hole)[] = [];
  const problems: string[] = [];
  let at = 0;
  for (let open = text.indexOf('{{'); open >= 0; open = text.indexOf('{{', at)) {
    const close = text.indexOf('}}', open);
    if (close < 0) {
      problems.push(`has "{{" without "}}" in ${show(text.slice(open))}`);
      break;
    }
    const slot = parseSlot(text.slice(open + 2, close).trim());
    if (open > at) parts.push(text.slice(at, open));
    if ('problem' in slot) problems.push(slot.problem);
    else parts.push({ slot, form });
    at = close + 2;
  }
  if (at < text.length || parts.length === 0) parts.push(text.slice(at));
  return { parts, problems };
}

function collectJson(value: unknown, into: Compiled): void {
  if (typeof value === 'string') collectJsonString(value, into);
  else if (Array.isArray(value))
    collectSeries(
      '[',
      value.map((item) => ['', item] as const),
      ']',
      into,
    );
  else if (typeof value === 'object' && value !== null)
    collectSeries(
      '{',
      Object.entries(value).map(([key, item]) => [`${JSON.stringify(key)}:`, item] as const),
      '}',
      into,
    );
  else into.parts.push(JSON.stringify(value ?? null));
}

function collectSeries(
  open: string,
  items: readonly (readonly [label: string, value: unknown])[],
  close: string,
  into: Compiled,
): void {
  into.parts.push(open);
  for (const [index, [label, item]] of items.entries()) {
    into.parts.push(`${index === 0 ? '' : ','}${label}`);
    collectJson(item, into);
  }
  into.parts.push(close);
}

function collectJsonString(text: string, into: Compiled): void {
  const hole = /^\{\{([^{}]*)\}\}$/.exec(text)?.[1]?.trim();
  const isNumber = hole !== undefined && /\sas\s+number$/.test(hole);
  const { parts, problems } = isNumber
    ? compileParts(`{{${hole.replace(/\sas\s+number$/, '')}}}`, 'json number')
    : compileParts(text, 'json text');
  into.problems.push(...problems);
  const escaped = parts.map((part) => (typeof part === 'string' ? JSON.stringify(part).slice(1, -1) : part));
  if (isNumber) into.parts.push(...escaped);
  else into.parts.push('"', ...escaped, '"');
}

function joinLiterals(parts: readonly (string | Hole)[]): (string | Hole)[] {
  const joined: (string | Hole)[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}

interface SlotProblem {
  readonly problem: string;
}

function parseSlot(text: string): Slot | SlotProblem {
  const call = /^\$(\w+)(?:\((.*)\))?$/.exec(text);
  if (call !== null) return parseCall(call[1] as string, call[2], text);
  const column = /^([A-Za-z_]\w*)\.([^.\s{}]+)$/.exec(text);
  if (column !== null) return { kind: 'column', source: column[1] as string, column: column[2] as string };
  if (/^[A-Za-z_]\w*$/.test(text)) return { kind: 'variable', name: text };
  return {
    problem: `has "{{${text}}}", which is no name; write {{name}}, {{data.column}} or {{$function}}`,
  };
}

function parseCall(name: string, argument: string | undefined, text: string): Slot | SlotProblem {
  switch (name) {
    case 'uuid':
    case 'user':
    case 'iteration':
      return argument === undefined
        ? { kind: name }
        : { problem: `has "{{${text}}}", but $${name} takes nothing` };
    case 'int':
      return parseIntCall(argument, text);
    case 'time': {
      const offset = /^([+-])?(.+)$/.exec((argument ?? '+0').replaceAll(' ', ''));
      const offsetMs = parseDuration(offset?.[2] ?? '');
      return offsetMs === undefined || offsetMs > timeOffsetMsMax
        ? { problem: `has "{{${text}}}", but $time takes an offset from now: $time(+2h) or $time(-30m)` }
        : { kind: 'time', offsetMs: offset?.[1] === '-' ? -offsetMs : offsetMs };
    }
    default:
      return { problem: `has "{{${text}}}"; known functions are $uuid, $int, $time, $user and $iteration` };
  }
}

/** A hundred years: further away, dates cease to be dates. */
const timeOffsetMsMax = 36_525 * 86_400_000;

function parseIntCall(argument: string | undefined, text: string): Slot | SlotProblem {
  const bounds = /^\s*(-?\d+)\s*,\s*(-?\d+)\s*$/.exec(argument ?? '');
  const [from, to] = [Number(bounds?.[1]), Number(bounds?.[2])];
  if (bounds !== null && from <= to && Number.isSafeInteger(from) && Number.isSafeInteger(to))
    return { kind: 'int', from, to };
  return { problem: `has "{{${text}}}", but $int takes two whole numbers, the smaller first: $int(1,100)` };
}

import { hash } from 'node:crypto';

/** What tells one series, or one alert, from another: its service, instance, endpoint and the like. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Which labels are meant: each label named here must have one of its values, where `*` stands for any text, also an
 * empty one. A label that is absent counts as an empty text, and an empty match means everything.
 */
export type LabelMatch = Readonly<Record<string, readonly string[]>>;

/** Whether labels are meant by a match. */
export function isMatched(match: LabelMatch, labels: Labels): boolean {
  return Object.entries(match).every(([name, patterns]) => {
    const value = labelOf(labels, name);
    return patterns.some((pattern) => isLike(value, pattern));
  });
}

/** A label's value, or an empty text. A plain look-up would find `constructor` in every object. */
export function labelOf(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] as string) : '';
}

/** Those of the labels that have one of these names, sorted by name. */
export function pickLabels(labels: Labels, names: readonly string[]): Labels {
  return sorted(Object.entries(labels).filter(([name]) => names.includes(name)));
}

/** The same text for the same labels, in whatever order they come. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(sorted(Object.entries(labels))));
}

/** The name of an alert from one evaluation to the next: that of its rule and of its series. 64 bits as hexadecimal. */
export function fingerprintOf(rule: string, labels: Labels): string {
  return digest(`${rule}\n${labelsKey(labels)}`, 16);
}

/** So many hexadecimal digits of a text's SHA-256. */
export function digest(text: string, digits: number): string {
  return hash('sha256', text, 'hex').slice(0, digits);
}

function sorted(entries: readonly (readonly [string, string])[]): Labels {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isLike(text: string, pattern: string): boolean {
  const parts = pattern.split('*');
  const head = parts[0] as string;
  const tail = parts.at(-1) as string;
  if (parts.length === 1) return text === pattern;
  if (!text.startsWith(head)) return false;
  let from = head.length;
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - tail.length >= from && text.endsWith(tail);
}

import type { Field } from '../base/index.ts';
import type { LabelMatch, Labels } from './labels.ts';

/** At most 20 labels with a text each. `rule` and `severity` are every alert's own. */
export function readLabels(field: Field | undefined): Labels {
  const labels = field?.record((entry, name) => {
    checkName(entry, name);
    if (ownNames.has(name)) entry.problem('is a label that every alert has already');
    return readValue(entry);
  });
  if (labels !== undefined && labels.size > labelsMax)
    field?.problem(`must have at most ${labelsMax} labels, got ${labels.size}`);
  return Object.fromEntries(labels ?? []);
}

/** Label to a value, or to a list of at most 100 that will do; `*` in a value stands for anything. */
export function readMatch(field: Field | undefined): LabelMatch {
  const match = field?.record((entry, name) => {
    checkName(entry, name);
    if (!Array.isArray(entry.value)) return [readValue(entry)];
    if (entry.value.length > valuesMax)
      entry.problem(`must have at most ${valuesMax} values, got ${entry.value.length}`);
    return entry.array(readValue, { nonEmpty: true });
  });
  if (match !== undefined && match.size > labelsMax)
    field?.problem(`must have at most ${labelsMax} labels, got ${match.size}`);
  return Object.fromEntries(match ?? []);
}

/** Names of labels, at most 10. */
export function readLabelNames(field: Field): string[] {
  const names = field.array((item) => {
    const name = item.string();
    if (name !== '') checkName(item, name);
    return name;
  });
  if (names.length > 10) field.problem(`must have at most 10 labels, got ${names.length}`);
  return names;
}

const labelsMax = 20;
const valuesMax = 100;
const valueLengthMax = 200;
const ownNames: ReadonlySet<string> = new Set(['rule', 'severity', 'alertname']);

/** As Prometheus has them, so that Alertmanager takes them. */
function checkName(entry: Field, name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name))
    entry.problem('must be a name of at most 64 letters, digits and _, beginning with no digit');
}

function readValue(field: Field): string {
  const found = field.string({ nonEmpty: false });
  if (found.length > valueLengthMax)
    field.problem(`must have at most ${valueLengthMax} letters, got ${found.length}`);
  return found;
}

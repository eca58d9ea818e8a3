import { html, type Markup } from 'loadline/base';
import { type ApiSchema, nameOf } from './document.ts';
import { prose } from './prose.ts';

/** What a value may be, in few words; what has a name is a link to it. Pure. */
export function typeOf(schema: ApiSchema): Markup {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema.$ref);
    return html`<a href="#schema-${name}">${name}</a>`;
  }
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined)
    return joined(schema.enum.map((value) => html`<code>${String(value)}</code>`));
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices !== undefined && schema.properties === undefined) return joined(choices.map(typeOf));
  const types = [schema.type ?? 'anything'].flat();
  if (types[0] === 'array') return html`list of ${typeOf(schema.items ?? {})}`;
  return html`${schema.format === 'date-time' ? 'date and time' : types.join(' or ')}`;
}

/** The fields of an object as rows; undefined where it has none that are named. Pure. */
export function fieldsOf(schema: ApiSchema): Markup | undefined {
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0) return undefined;
  const rows = fields.map(([name, field]) =>
    rowOf({ name, isRequired: schema.required?.includes(name) === true, schema: field }),
  );
  return tableOf(rows);
}

export function tableOf(rows: readonly Markup[]): Markup {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Fields"><table>
<thead><tr><th scope="col">name</th><th scope="col">what it may be</th><th scope="col">what it means</th></tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

/** One field, or one parameter. */
export function rowOf({
  name,
  place,
  isRequired,
  description,
  schema,
}: {
  readonly name: string;
  /** Where a parameter stands. */
  readonly place?: string;
  readonly isRequired: boolean;
  readonly description?: string | undefined;
  readonly schema: ApiSchema;
}): Markup {
  const means = description ?? schema.description;
  const bounds = boundsOf(schema);
  return html`<tr><th scope="row"><code>${name}</code>${isRequired ? html` <em>required</em>` : undefined}${
    place === undefined ? undefined : html` <small>${place}</small>`
  }</th><td>${typeOf(schema)}${bounds === '' ? undefined : html`<small>${bounds}</small>`}</td><td>${
    means === undefined ? undefined : prose(means)
  }</td></tr>`;
}

/** Its limits in words. */
function boundsOf(schema: ApiSchema): string {
  const { minimum, exclusiveMinimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  const lengths = minLength === undefined ? maxLength : `${minLength} to ${maxLength ?? '…'}`;
  return [
    exclusiveMinimum === undefined ? undefined : `above ${exclusiveMinimum}`,
    minimum === undefined ? undefined : `at least ${minimum}`,
    maximum === undefined ? undefined : `at most ${maximum}`,
    lengths === undefined ? undefined : `${minLength === undefined ? 'at most ' : ''}${lengths} characters`,
    minItems === undefined ? undefined : `at least ${minItems} of them`,
    maxItems === undefined ? undefined : `at most ${maxItems} of them`,
    schema.default === undefined ? undefined : `default ${JSON.stringify(schema.default)}`,
  ]
    .filter((word) => word !== undefined)
    .join(', ');
}

function joined(parts: readonly Markup[]): Markup {
  return html`${parts.map((part, at) => (at === 0 ? part : html` or ${part}`))}`;
}

import type { Pairs } from '../draft/scenario-draft.ts';
import { spreadBraces } from '../draft/texts.ts';
import type { Parameter } from './operations.ts';

/** By the styles of OpenAPI: a list repeats its name unless it says otherwise; an object gives each of its own. */
export function pairsOf({ name, place }: Parameter, value: unknown): Pairs {
  const isExploded = place.at('explode').value !== false;
  if (Array.isArray(value)) {
    const separator = { spaceDelimited: ' ', pipeDelimited: '|' }[place.at('style').text() ?? ''] ?? ',';
    return isExploded
      ? value.map((item) => [name, textOf(item)])
      : [[name, value.map(textOf).join(separator)]];
  }
  if (typeof value !== 'object' || value === null) return [[name, textOf(value)]];
  const isDeep = place.at('style').text() === 'deepObject';
  if (!isDeep && !isExploded) return [[name, textOf(value)]];
  return Object.entries(value).map(([key, item]) => [isDeep ? `${name}[${key}]` : key, textOf(item)]);
}

/** In one text: a list by commas. Never empty, because a path must not lose a segment. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(',');
  if (typeof value !== 'object' || value === null) return scalarText(value) || '1';
  return Object.entries(value)
    .map(([key, item]) => `${spreadBraces(key)},${textOf(item)}`)
    .join(',');
}

/** In a form or a query, what is no text stands as JSON. */
export function plainText(value: unknown): string {
  if (typeof value !== 'object' || value === null) return scalarText(value);
  const json = JSON.stringify(value).replace(/"\{\{([^{}]*) as number\}\}"/g, '{{$1}}');
  // Values hold holes and nothing else that looks like one; keys are as they were described.
  return json.replace(/"(?:[^"\\]|\\.)*"(?=:)/g, spreadBraces);
}

/** `as number` is for JSON alone. */
function scalarText(value: unknown): string {
  return String(value ?? '').replace(' as number}}', '}}');
}

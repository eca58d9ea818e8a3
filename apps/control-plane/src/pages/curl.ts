import type { PlacedOperation, Schemas } from './document.ts';
import { exampleOf } from './example.ts';

/**
 * A command that asks for an operation, with what it needs and no more. `$LOADLINE` is the address of the control plane
 * and `$KEY` a key; parameters of the path are variables too. Pure.
 */
export function curlOf({ method, path, operation }: PlacedOperation, schemas: Schemas): string {
  const { parameters = [], requestBody, security } = operation;
  const query = parameters
    .filter((each) => each.in === 'query' && each.required)
    .map(({ name, schema }) => `${name}=${encodeURIComponent(String(exampleOf(schema, schemas, name)))}`);
  const [type, content] = Object.entries(requestBody?.content ?? {})[0] ?? [];
  const words = [
    'curl',
    ...(method === 'GET' ? [] : [`-X ${method}`]),
    `"$LOADLINE${path.replaceAll(/\{(\w+)\}/g, '$$$1')}${query.length === 0 ? '' : `?${query.join('&')}`}"`,
  ];
  const lines = [
    words.join(' '),
    ...(security?.length === 0 ? [] : ['-H "Authorization: Bearer $KEY"']),
    ...(type === undefined ? [] : [`-H 'Content-Type: ${type}'`]),
    ...(content?.schema === undefined || !type?.includes('json')
      ? []
      : [`-d ${quoted(JSON.stringify(exampleOf(content.schema, schemas)))}`]),
    ...(type === undefined || type.includes('json') ? [] : ['--data-binary @FILE']),
  ];
  return lines.join(' \\\n  ');
}

/** As one word for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

import { html, type Markup } from 'loadline/base';
import { curlOf } from './curl.ts';
import type { ApiContent, PlacedOperation, Schemas } from './document.ts';
import { exampleOf } from './example.ts';
import { prose } from './prose.ts';
import { rowOf, tableOf, typeOf } from './schema.ts';

/** An operation with all that one has to know to ask for it. Closed, it is a line. Pure. */
export function operationSection(placed: PlacedOperation, schemas: Schemas): Markup {
  const { method, path, operation } = placed;
  const { operationId, summary, description, parameters = [], requestBody } = operation;
  return html`<details class="operation" id="${operationId}">
<summary><span class="method ${method.toLowerCase()}">${method}</span> <code class="path">${path}</code> <span class="says">${summary}</span></summary>
<div class="inside">
${description === undefined ? undefined : html`<p>${prose(description)}</p>`}
${parameters.length === 0 ? undefined : html`<h4>Parameters</h4>${tableOf(parameters.map((each) => rowOf({ ...each, place: each.in, isRequired: each.required })))}`}
${requestBody === undefined ? undefined : bodyPart(requestBody.content, schemas)}
<h4>Answers</h4>
<ul class="answers">${Object.entries(operation.responses).map(
    ([status, { description: means, content = {} }]) =>
      html`<li><b>${status === 'default' ? 'else' : status}</b> ${prose(means)} ${contentOf(content)}</li>`,
  )}</ul>
<h4>With curl</h4>
<pre class="curl"><code>${curlOf(placed, schemas)}</code></pre>
</div>
</details>`;
}

function bodyPart(content: ApiContent, schemas: Schemas): Markup {
  const [, { schema } = {}] = Object.entries(content).find(([type]) => type.includes('json')) ?? [];
  const example = schema === undefined ? undefined : exampleOf(schema, schemas);
  const shown = example === undefined ? undefined : JSON.stringify(example, undefined, 2);
  return html`<h4>Body</h4><p>${contentOf(content)}</p>${shown === undefined ? undefined : html`<pre><code>${shown}</code></pre>`}`;
}

function contentOf(content: ApiContent): Markup {
  return html`${Object.entries(content).map(
    ([type, { schema }]) =>
      html`<span class="content"><code>${type}</code>${schema === undefined || !type.includes('json') ? undefined : html` ${typeOf(schema)}`}</span> `,
  )}`;
}

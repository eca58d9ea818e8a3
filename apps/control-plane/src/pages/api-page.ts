import { html, type Markup } from 'loadline/base';
import { type ApiDocument, type ApiSchema, operationsByTag } from './document.ts';
import { operationSection } from './operation.ts';
import { type Page, pageOf } from './page.ts';
import { prose } from './prose.ts';
import { fieldsOf, typeOf } from './schema.ts';
import { apiScript } from './script.ts';

/**
 * An OpenAPI document as one page: every operation by its tag, every schema, a search. It is ours so that nothing need
 * run but what has its own hash; Swagger UI and Redoc are reported to need a policy that allows styles written within the
 * page. Without its script it can all be read. Pure.
 */
export function renderApiPage(written: Readonly<Record<string, unknown>>): Page {
  const document = written as unknown as ApiDocument;
  const { info, components } = document;
  const groups = [...operationsByTag(document)];
  const body = html`<a class="skip" href="#operations">To the operations</a>
<div class="frame">
<header>
<h1>${info.title}</h1>
<p>${info.description} Version ${info.version}. <a href="/openapi.json">OpenAPI document</a></p>
<label class="search" hidden>Search <input type="search" id="search" placeholder="path, word or name" autocomplete="off"></label>
</header>
<nav aria-label="Operations">${groups.map(
    ([tag, operations]) =>
      html`<section><h2>${tag}</h2><ul>${operations.map(
        ({ method, operation }) =>
          html`<li data-for="${operation.operationId}"><a href="#${operation.operationId}"><span class="method ${method.toLowerCase()}">${method}</span> ${operation.summary}</a></li>`,
      )}</ul></section>`,
  )}</nav>
<main id="operations" tabindex="-1">
<ul class="groups" aria-label="Groups">${[...groups.map(([tag]) => tag), 'Schemas'].map(
    (name) => html`<li><a href="#${groupId(name)}">${name}</a></li>`,
  )}</ul>
<p class="hint">In the commands, <code>$LOADLINE</code> is the address of the control plane, and <code>$KEY</code> is a key.</p>
${groups.map(
  ([tag, operations]) =>
    html`<section class="group" id="${groupId(tag)}"><h2>${tag}</h2>${operations.map((each) => operationSection(each, components.schemas))}</section>`,
)}
<section class="group" id="${groupId('Schemas')}"><h2>Schemas</h2>${Object.entries(components.schemas).map(schemaSection)}</section>
<p id="nothing" hidden>Nothing fits these words.</p>
</main>
</div>
<p id="told" class="quiet" role="status"></p>`;
  return pageOf({ title: info.title, body, script: apiScript, mayAsk: false });
}

function groupId(name: string): string {
  return `group-${name.toLowerCase().replaceAll(' ', '-')}`;
}

function schemaSection([name, schema]: readonly [string, ApiSchema]): Markup {
  return html`<details class="schema" id="schema-${name}"><summary><code class="path">${name}</code> <span class="says">${schema.description === undefined ? undefined : prose(schema.description)}</span></summary>
<div class="inside">${fieldsOf(schema) ?? html`<p>${typeOf(schema)}</p>`}</div></details>`;
}

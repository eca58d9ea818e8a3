import { html, type Markup } from '../markup.ts';

/** A column of a table. The first names the rows. */
export interface TableColumn<Row> {
  readonly title: string;
  readonly isNumber: boolean;
  /** What the table is sorted by. */
  readonly value: (row: Row) => number | string | undefined;
  readonly cell: (row: Row) => Markup | string;
}

/** A table that the page's script sorts by any column; a total stays below. */
export function sortableTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  total?: Row,
): Markup {
  return html`<div class="scroll"><table class="sortable"><thead><tr>${columns.map(
    ({ title, isNumber }) =>
      html`<th${isNumber ? html` class="number"` : undefined} aria-sort="none"><button type="button">${title}</button></th>`,
  )}</tr></thead><tbody>${rows.map((row) => rowOf(columns, row))}</tbody>${
    total === undefined ? undefined : html`<tfoot>${rowOf(columns, total)}</tfoot>`
  }</table></div>`;
}

function rowOf<Row>(columns: readonly TableColumn<Row>[], row: Row): Markup {
  return html`<tr>${columns.map(({ isNumber, value, cell }, at) =>
    at === 0
      ? html`<th scope="row" class="name" data-value="${value(row)}">${cell(row)}</th>`
      : html`<td${isNumber ? html` class="number"` : undefined} data-value="${value(row)}">${cell(row)}</td>`,
  )}</tr>`;
}

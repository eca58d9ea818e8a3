import { parse as parseCsv } from 'csv-parse/sync';

/** The rows of a data file. */
export interface DataTable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export const emptyTable: DataTable = { columns: [], rows: [] };

/** Reads CSV (RFC 4180) with a line of column names, or says what is wrong with it. Pure. */
export function parseDataFile(text: string): DataTable | { readonly problem: string } {
  let lines: string[][];
  try {
    lines = parseCsv(text, { bom: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    return { problem: `is no CSV: ${(error as Error).message}` };
  }
  const [columns, ...rows] = lines;
  if (columns === undefined) return { problem: 'is empty; it needs a line of column names' };
  const repeated = columns.find((column, index) => columns.indexOf(column) !== index);
  if (repeated !== undefined) return { problem: `has two columns named ${JSON.stringify(repeated)}` };
  return rows.length === 0 ? { problem: 'has column names, but no rows' } : { columns, rows };
}

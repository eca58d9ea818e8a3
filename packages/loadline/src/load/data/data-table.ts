/** Rows of text under named columns. However many there are, a row is had at once, by its number. */
export interface DataTable {
  readonly columns: readonly string[];
  readonly rowCount: number;
  /** The texts of a row, in the order of the columns. `index` from 0, below `rowCount`. */
  row(index: number): readonly string[];
}

/** A table of rows that are at hand. */
export function tableOf(columns: readonly string[], rows: readonly (readonly string[])[]): DataTable {
  return {
    columns,
    rowCount: rows.length,
    row: (index) => rows[index] ?? [],
  };
}

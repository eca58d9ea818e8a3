import { storeError } from './errors.ts';
import type { ReadRow } from './packed-rows.ts';
import { familySeries } from './rollup-rows.ts';
import { planRead, type ReadPlan } from './series-level.ts';
import { type Drawing, type FoundSeries, startDrawing } from './series-lines.ts';
import type { Level, Line, SeriesAnswer, SeriesFigure, SeriesQuery, SeriesWindow } from './series-query.ts';

/** One figure that is asked for, on its way from the question to the answer. */
export class Asked {
  readonly plan: ReadPlan;
  /** What it is made of. */
  series: readonly FoundSeries[] = [];
  /** By the numbers that rows have: their own, and of hours that of their family. */
  ids: ReadonlyMap<number, FoundSeries> = new Map();
  readonly #query: SeriesQuery;
  readonly #drawing: Drawing;

  /** @throws STORE_QUERY_INVALID with every problem of the question. */
  constructor(
    window: SeriesWindow,
    figure: SeriesFigure,
    at: { readonly nowMs: number; readonly keepMs: Readonly<Record<Level, number>> },
  ) {
    this.#query = { ...window, ...figure };
    this.plan = planRead(this.#query, at);
    this.#drawing = startDrawing(this.plan, this.#query);
  }

  get withHistograms(): boolean {
    return (this.#query.quantiles ?? []).length > 0;
  }

  /** How many rollups are kept for it. */
  get size(): number {
    return this.#drawing.size;
  }

  /** Those with the same are read together: a row of hours must not be of a series and of its family. */
  get readKey(): string {
    return `${this.withHistograms} ${this.plan.level === 'hour' && this.#isOfFamilies}`;
  }

  /** Whose hours to read. */
  get hours(): readonly number[] {
    return this.series.map(({ id, family_id }) => (this.#isOfFamilies ? familySeries(family_id) : id));
  }

  /** Takes what is its own of all series that were found. @throws STORE_QUERY_INVALID for several units. */
  note(found: readonly FoundSeries[]): void {
    const { metric, unit } = this.#query;
    this.series = found.filter(
      (each) => each.metric_type === metric && (unit === undefined || each.unit === unit),
    );
    const units = new Set(this.series.map((each) => each.unit));
    if (units.size > 1) {
      const message = `Cannot merge the series of ${metric}: they are measured in ${[...units].join(', ')}. Name a unit or a service.`;
      throw storeError('STORE_QUERY_INVALID', message);
    }
    const own = this.series.map((each) => [each.id, each] as const);
    const families = this.series.map((each) => [familySeries(each.family_id), each] as const);
    this.ids = new Map(this.#isOfFamilies ? [...own, ...families] : own);
  }

  take(row: ReadRow): void {
    this.#drawing.take(row, this.ids.get(row.seriesId) as FoundSeries);
  }

  /** Line by line; undefined where others may have their turn. */
  lines(): Generator<Line | undefined> {
    return this.#drawing.lines();
  }

  answer(lines: readonly Line[]): SeriesAnswer {
    const { level, stepMs } = this.plan;
    return { level, stepMs, unit: this.series[0]?.unit, lines };
  }

  /** Hours are kept of families too, for where nothing less is asked for. What is added up is needed by itself. */
  get #isOfFamilies(): boolean {
    const { instance, endpoint, by = 'service', combine } = this.#query;
    return instance === undefined && endpoint === undefined && by === 'service' && combine !== 'sum';
  }
}

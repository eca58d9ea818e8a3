/** Pages of HTML that need nothing else: charts with their axes, tables that sort, light and dark. */
export {
  type Chart,
  type ChartMark,
  type ChartSpan,
  drawChart,
  type Series,
  type Span,
  type Tone,
} from './charts.ts';
export { type Page, pageHeader, renderPage } from './page.ts';
export { linePath, type Point } from './paths.ts';
export { clockScale, linearScale, logScale, rangeScale, rootScale, type Scale, timeScale } from './scale.ts';
export { sortableTable, type TableColumn } from './tables.ts';
export { formatElapsed, formatValue } from './units.ts';

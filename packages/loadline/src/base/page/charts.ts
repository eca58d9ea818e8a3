import { html, type Markup, type Piece } from '../markup.ts';
import { bandPath, gridHeight, gridWidth, linePath, type Point, stairsPath } from './paths.ts';
import type { Scale } from './scale.ts';
import { formatValue } from './units.ts';

/** A chart as a value: the page draws it, and hands its numbers to the script that shows them under the cursor. */
export interface Chart {
  /** Unique within the page, of letters and digits. */
  readonly id: string;
  readonly title: string;
  readonly note?: string | undefined;
  readonly heightPx: number;
  readonly x: Scale;
  /** A unit, or `elapsed` for milliseconds since the start and `clock` for those since the epoch: such charts share one cursor. */
  readonly xUnit: string;
  readonly y: Scale;
  readonly yUnit: string;
  readonly series: readonly Series[];
  /** Fills between two series, by their places; each hides with the upper one. */
  readonly bands?: readonly (readonly [lower: number, upper: number])[];
  readonly marks?: readonly ChartMark[];
  /** Stretches of the x axis of which there is something to say. */
  readonly spans?: readonly ChartSpan[];
  /** What is said below the values of each place of the first series, when the cursor is there. */
  readonly notes?: readonly string[];
}

/** A shaded stretch of the x axis; its words are shown when the cursor rests on it. */
export interface ChartSpan extends Span {
  /** What was measured then may be wrong; or it is right, and bad. */
  readonly kind: 'doubtful' | 'bad';
  readonly words: string;
}

/** What a chart draws in one tone. `spans`, `values` and `labels` go together by place; where a value is undefined the line has a gap. */
export interface Series {
  readonly name: string;
  readonly tone: Tone;
  readonly unit: string;
  /** `points` have no order: the cursor shows the nearest one alone. A chart has only such series or none. */
  readonly shape: 'line' | 'stairs' | 'points';
  /** What each value stands for, on the x axis; a line goes through the middles. */
  readonly spans: readonly Span[];
  readonly values: readonly (number | undefined)[];
  /** How each of the points is called. */
  readonly labels?: readonly string[];
  /** What the legend says of the whole run, until the cursor says more. */
  readonly summary: string;
}

/** A stretch of the x axis, in its unit. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A limit across the chart, or a place on its x axis. */
export interface ChartMark {
  readonly axis: 'x' | 'y';
  readonly value: number;
  readonly text: string;
}

/** A color of the style sheet. */
export type Tone = 'low' | 'middle' | 'high' | 'good' | 'bad' | 'calm' | 'other';

/** A chart with its axes, legend and marks. Text is never stretched: only the lines' own SVG is. */
export function drawChart(chart: Chart): Markup {
  const { id, title, note, series } = chart;
  const isEmpty = !series.some(({ values }) => values.some((value) => value !== undefined));
  return html`<figure class="chart" id="${id}" ${isEmpty ? undefined : html`tabindex="0"`}>
<figcaption><h3>${title}</h3>${note === undefined ? undefined : html`<p>${note}</p>`}${isEmpty ? undefined : html`<ul class="legend">${series.map(legendItem)}</ul>`}</figcaption>
${isEmpty ? html`<p class="nothing">Nothing was measured.</p>` : drawPlot(chart)}
</figure>`;
}

/** What the page's script reads; equal lists of places and equal notes are written once. */
export function chartNumbers(charts: readonly Chart[]): unknown {
  const places = new Map<string, number>();
  const placeOf = (spans: readonly Span[]): number => {
    const key = JSON.stringify(spans.map(({ from, to }) => Math.round(((from + to) / 2) * 1000) / 1000));
    if (!places.has(key)) places.set(key, places.size);
    return places.get(key) as number;
  };
  const texts = new Map<string, number>();
  const textOf = (text: string): number => {
    if (!texts.has(text)) texts.set(text, texts.size);
    return texts.get(text) as number;
  };
  const numbers = charts.map(({ id, x, xUnit, y, series, notes }) => ({
    id,
    x: [x.from, x.to],
    log: x.isLogarithmic,
    unit: xUnit,
    notes: notes?.map(textOf),
    series: series.map(({ unit, shape, spans, values, labels }) => ({
      unit,
      at: placeOf(spans),
      labels,
      heights: shape === 'points' ? values.map((value) => shorten(y.at(value ?? 0))) : undefined,
      values: values.map((value) => (value === undefined ? null : shorten(value))),
    })),
  }));
  return {
    places: [...places.keys()].map((key) => JSON.parse(key) as number[]),
    texts: [...texts.keys()],
    charts: numbers,
  };
}

function legendItem({ name, tone, summary }: Series, at: number): Markup {
  return html`<li><button type="button" class="${tone}" aria-pressed="true" data-series="${at}">${name}<output>${summary}</output></button></li>`;
}

function drawPlot(chart: Chart): Markup {
  const { heightPx, x, y, yUnit, title } = chart;
  return html`<div class="plot"><svg class="y-axis" height="${heightPx}" aria-hidden="true">${y.ticks.map(
    (tick) => html`<text x="100%" y="${pixel(y, tick, heightPx) + 4}">${formatValue(tick, yUnit)}</text>`,
  )}</svg><div class="canvas"><svg height="${heightPx}" role="img" aria-label="${title}">${y.ticks.map(
    (tick) => line(0, 100, pixel(y, tick, heightPx), 'grid'),
  )}<svg viewBox="0 0 ${gridWidth} ${gridHeight}" preserveAspectRatio="none" width="100%" height="${heightPx}">${drawBands(chart)}${chart.series.map(
    (series, at) => drawSeries(chart, series, at),
  )}</svg>${drawSpans(chart)}${chart.marks?.map((mark, at) => drawMark(chart, mark, at))}</svg><div class="cursor" hidden></div><div class="tip" hidden></div></div><svg class="x-axis" height="18" aria-hidden="true">${x.ticks.map(
    (tick, at) => xTick(chart, tick, at),
  )}</svg></div>`;
}

function drawSeries(chart: Chart, series: Series, at: number): Markup {
  const { tone, shape } = series;
  if (shape === 'points') return drawPoints(chart, series, at);
  const path = shape === 'line' ? linePath(pointsOf(chart, series)) : stairsPath(stairsOf(chart, series));
  return html`<path class="${shape} ${tone}" data-series="${at}" d="${path}"/>`;
}

/** A dot each, and a line that shows which belong together. */
function drawPoints(chart: Chart, series: Series, at: number): Markup {
  const points = pointsOf(chart, series);
  const dots = linePath(points.flatMap((point) => [point, undefined]));
  return html`<path class="line thread ${series.tone}" data-series="${at}" d="${linePath(points)}"/><path class="points ${series.tone}" data-series="${at}" d="${dots}"/>`;
}

function drawBands(chart: Chart): Piece {
  return chart.bands?.map(([lower, upper]) => {
    const [low, high] = [chart.series[lower], chart.series[upper]];
    if (low === undefined || high === undefined) return undefined;
    const path = bandPath(pointsOf(chart, low), pointsOf(chart, high));
    return html`<path class="band ${high.tone}" data-series="${upper}" d="${path}"/>`;
  });
}

function pointsOf({ x, y }: Chart, { spans, values }: Series): (Point | undefined)[] {
  return spans.map(({ from, to }, at) => {
    const value = values[at];
    return value === undefined ? undefined : [x.at((from + to) / 2), y.at(value)];
  });
}

function stairsOf({ x, y }: Chart, { spans, values }: Series) {
  return spans.map(({ from, to }, at) => ({ from: x.at(from), to: x.at(to), height: y.at(values[at] ?? 0) }));
}

function drawSpans({ spans = [], x, heightPx }: Chart): Piece {
  return spans.map(({ from, to, kind, words }) => {
    const [left, right] = [percent(x.at(from)), percent(x.at(to))];
    const fill = kind === 'doubtful' ? html` fill="url(#hatch)"` : undefined;
    return html`<rect class="${kind}" x="${left}%" y="0" width="${percent((right - left) / 100)}%" height="${heightPx}"${fill}><title>${words}</title></rect>`;
  });
}

function drawMark({ x, y, heightPx }: Chart, { axis, value, text }: ChartMark, index: number): Piece {
  if (axis === 'x') {
    const at = percent(x.at(value));
    const isLate = at > 85;
    // Each a line lower: on a narrow screen they come close.
    return html`<line class="mark" x1="${at}%" x2="${at}%" y1="0" y2="${heightPx}"/><text class="mark ${isLate ? 'end' : 'start'}" x="${at}%" dx="${isLate ? -4 : 4}" y="${12 + index * 14}">${text}</text>`;
  }
  // A limit that lies above the chart needs no line: nothing comes near it.
  if (value > y.to || value < y.from) return undefined;
  const at = pixel(y, value, heightPx);
  return html`${line(0, 100, at, 'mark')}<text class="mark end" x="100%" dx="-4" y="${at < 14 ? at + 12 : at - 4}">${text}</text>`;
}

function xTick({ x, xUnit }: Chart, tick: number, index: number): Markup {
  const at = percent(x.at(tick));
  const anchor = at < 3 ? 'start' : at > 97 ? 'end' : 'middle';
  return html`<text class="${anchor}${index % 2 === 1 ? ' odd' : ''}" x="${at}%" y="14">${formatValue(tick, xUnit)}</text>`;
}

function line(x1: number, x2: number, y: number, name: string): Markup {
  return html`<line class="${name}" x1="${x1}%" x2="${x2}%" y1="${y}" y2="${y}"/>`;
}

/** Half a pixel in, so that thin lines are sharp. */
function pixel(scale: Scale, value: number, heightPx: number): number {
  return Math.min(heightPx - 1, Math.round((1 - scale.at(value)) * heightPx)) + 0.5;
}

function percent(share: number): number {
  return Math.round(share * 10_000) / 100;
}

/** Four digits are more than the cursor shows. */
function shorten(value: number): number {
  return Number(value.toPrecision(4));
}

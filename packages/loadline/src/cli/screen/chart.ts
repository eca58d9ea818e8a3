import type { Format, Style } from './terminal.ts';

/** A scatter of points with a line through them, over a logarithmic x. */
export interface Chart {
  readonly points: readonly ChartPoint[];
  /** y of the line; undefined where it has none. */
  readonly line: ((x: number) => number | undefined) | undefined;
  readonly showX: (x: number) => string;
  readonly showY: (y: number) => string;
}

export interface ChartPoint {
  /** Above 0. */
  readonly x: number;
  readonly y: number;
  readonly mark: string;
  readonly format: Format;
}

/** Draws a chart in lines of at most `width` columns; its line is made of the eight dots of Braille. Pure. */
export function drawChart(
  chart: Chart,
  { width, style }: { readonly width: number; readonly style: Style },
): string[] {
  const { points, showX, showY } = chart;
  if (points.length === 0) return [];
  const yMax = highestOf(chart);
  const labels = [yMax, yMax / 2, 0].map(showY);
  const labelSize = Math.max(...labels.map((label) => label.length));
  const columns = Math.max(8, Math.min(columnsMax, width - labelSize - 2));
  const frame = frameOf(points, yMax, columns);
  const cells = drawLine(chart.line, frame);
  for (const point of points) {
    const row = Math.min(rows - 1, Math.max(0, Math.floor(rows * (1 - point.y / yMax))));
    const column = Math.min(columns - 1, Math.floor(frame.columnOf(point.x)));
    (cells[row] as string[])[column] = style(point.format, point.mark);
  }
  const labelAt = new Map([
    [0, labels[0]],
    [Math.floor((rows - 1) / 2), labels[1]],
    [rows - 1, labels[2]],
  ]);
  return [
    ...cells.map((row, at) => `${(labelAt.get(at) ?? '').padStart(labelSize)} │${row.join('')}`.trimEnd()),
    `${' '.repeat(labelSize)} └${'─'.repeat(columns)}`,
    `${' '.repeat(labelSize + 2)}${axis(frame, showX)}`,
  ];
}

/** The line decides too, as long as it does not press the points to the ground. */
function highestOf({ points, line }: Chart): number {
  const pointMax = Math.max(...points.map((point) => point.y));
  const lineMax = Math.max(0, ...points.map((point) => line?.(point.x) ?? 0));
  return niceAbove(Math.min(Math.max(pointMax, lineMax), pointMax * lineRoom));
}

const lineRoom = 1.5;
const rows = 12;
const columnsMax = 90;

interface Frame {
  readonly columns: number;
  readonly xMin: number;
  readonly xMax: number;
  readonly yMax: number;
  /** Fractional. */
  columnOf(x: number): number;
  xAt(column: number): number;
}

function frameOf(points: readonly ChartPoint[], yMax: number, columns: number): Frame {
  const xs = points.map((point) => point.x);
  const xMin = Math.min(...xs) / edge;
  const xMax = Math.max(...xs) * edge;
  const perColumn = Math.log(xMax / xMin) / columns;
  return {
    columns,
    xMin,
    xMax,
    yMax,
    columnOf: (x) => Math.log(x / xMin) / perColumn,
    xAt: (column) => xMin * Math.exp(column * perColumn),
  };
}

/** The outermost points stand a little inside. */
const edge = 1.1;

function drawLine(line: Chart['line'], { columns, yMax, xAt }: Frame): string[][] {
  const dots = Array.from({ length: rows }, () => new Array<number>(columns).fill(0));
  for (let dot = 0; dot < columns * 2; dot++) {
    const y = line?.(xAt((dot + 0.5) / 2));
    if (y === undefined || y < 0 || y > yMax) continue;
    const level = Math.min(rows * 4 - 1, Math.floor(rows * 4 * (1 - y / yMax)));
    const row = dots[Math.floor(level / 4)] as number[];
    row[dot >> 1] =
      (row[dot >> 1] as number) | ((brailleBits[dot & 1] as readonly number[])[level % 4] as number);
  }
  return dots.map((row) => row.map((bits) => (bits === 0 ? ' ' : String.fromCodePoint(0x2800 + bits))));
}

/** Of the left and the right column of a cell, from the top. */
const brailleBits = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** Round numbers under the axis, as many as have room. */
function axis(frame: Frame, showX: (x: number) => string): string {
  let text = '';
  for (const x of roundNumbers(frame.xMin, frame.xMax)) {
    const label = showX(x);
    const middle = Math.round(frame.columnOf(x) - label.length / 2);
    const at = Math.max(0, Math.min(frame.columns - label.length, middle));
    if (text !== '' && at < text.length + 2) continue;
    text = text.padEnd(at) + label;
  }
  return text;
}

/** 1, 2, 5, 10, 20 … within these. */
function roundNumbers(from: number, to: number): number[] {
  const numbers: number[] = [];
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++) {
    for (const digit of [1, 2, 5]) {
      const number = Number((digit * 10 ** power).toPrecision(1));
      if (number >= from && number <= to) numbers.push(number);
    }
  }
  return numbers;
}

/** The next number of one digit, or one and a half, that has some room above. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value > 0 ? value : 1));
  const steps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12];
  return (steps.find((step) => step * power >= value * 1.02) ?? 12) * power;
}

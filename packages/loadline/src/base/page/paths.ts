/**
 * Lines and areas as SVG path texts, on a grid of whole numbers that is stretched to the chart's size. Each step is
 * written relative to the one before, which halves the page. Pure.
 */
export const gridWidth = 10_000;
export const gridHeight = 1000;

/** Shares of the plot's width from the left and of its height from the bottom, 0 to 1; undefined is a gap. */
export type Point = readonly [x: number, y: number];

/** A line through points. A point between two gaps is drawn as a dot, by the round ends of a line of no length. */
export function linePath(points: readonly (Point | undefined)[]): string {
  return runsOf(points)
    .map((run) => `M${polyline(run.map(onGrid))}${run.length === 1 ? 'h0' : ''}`)
    .join('');
}

/** The area between two lines that have the same gaps. */
export function bandPath(
  lower: readonly (Point | undefined)[],
  upper: readonly (Point | undefined)[],
): string {
  const lows = runsOf(lower);
  return runsOf(upper)
    .map((run, at) => `M${polyline([...run, ...(lows[at] ?? []).toReversed()].map(onGrid))}z`)
    .join('');
}

/** A value that holds from one place to another. */
export interface Stair {
  readonly from: number;
  readonly to: number;
  readonly height: number;
}

/** Stairs as an area that stands on the axis. */
export function stairsPath(stairs: readonly Stair[]): string {
  let text = '';
  let [x, y] = [0, gridHeight];
  for (const { from, to, height } of joinLevel(stairs)) {
    const [left, top] = onGrid([from, height]);
    const [right] = onGrid([to, height]);
    if (text === '') text = `M${left} ${gridHeight}`;
    else if (left !== x) text += `h${left - x}`;
    if (top !== y) text += `v${top - y}`;
    text += `h${right - left}`;
    [x, y] = [right, top];
  }
  return text === '' ? '' : `${text}V${gridHeight}z`;
}

/** Neighbours of one height as one stair: most seconds have no error at all. */
function joinLevel(stairs: readonly Stair[]): Stair[] {
  const joined: Stair[] = [];
  for (const stair of stairs) {
    const last = joined.at(-1);
    if (last?.height === stair.height && last.to === stair.from)
      joined[joined.length - 1] = { ...last, to: stair.to };
    else joined.push(stair);
  }
  return joined;
}

function polyline(points: readonly Point[]): string {
  let text = '';
  let [x, y] = [0, 0];
  for (const [at, point] of points.entries()) {
    const [nextX, nextY] = point;
    if (at === 0) text += `${nextX} ${nextY}`;
    else
      text += `${at === 1 ? 'l' : nextX - x < 0 ? '' : ' '}${nextX - x}${nextY - y < 0 ? '' : ' '}${nextY - y}`;
    [x, y] = [nextX, nextY];
  }
  return text;
}

function runsOf(points: readonly (Point | undefined)[]): Point[][] {
  const runs: Point[][] = [];
  let run: Point[] | undefined;
  for (const point of points) {
    if (point === undefined) run = undefined;
    else if (run === undefined) {
      run = [point];
      runs.push(run);
    } else run.push(point);
  }
  return runs;
}

function onGrid([x, y]: Point): Point {
  return [Math.round(x * gridWidth), Math.round((1 - y) * gridHeight)];
}

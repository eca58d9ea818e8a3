/** One equation of many: `inputs · coefficients ≈ output`. */
export interface Equation {
  readonly inputs: readonly number[];
  readonly output: number;
  /** The reciprocal of the output's variance, up to a common factor. Default 1. */
  readonly weight?: number;
}

/** The coefficients with the least squares, and how well they are known. */
export interface LinearFit {
  readonly coefficients: readonly number[];
  /** Σ weight · residual². */
  readonly squares: number;
  /** Equations less coefficients. */
  readonly degrees: number;
  /** Of the coefficients, row by row, with the residual variance squares / degrees; NaN without degrees. */
  readonly covariance: readonly (readonly number[])[];
}

/**
 * Weighted linear least squares, by modified Gram-Schmidt on the inputs with the output as a last column, which
 * is as stable as Householder's reflections (Å. Björck, BIT 7, 1967) and, unlike the normal equations, does not
 * square the condition.
 *
 * @returns undefined where the equations do not determine the coefficients.
 */
export function fitLinear(equations: readonly Equation[]): LinearFit | undefined {
  const count = equations[0]?.inputs.length ?? 0;
  if (count === 0 || equations.length < count) return undefined;
  const columns = Array.from({ length: count + 1 }, (_, column) =>
    equations.map(({ inputs, output, weight = 1 }) => Math.sqrt(weight) * (inputs[column] ?? output)),
  );
  const triangle = orthogonalize(columns, count);
  if (triangle === undefined) return undefined;
  const coefficients = substituteBack(
    triangle,
    triangle.map((row) => row[count] as number),
  );
  const squares = dot(columns[count] as number[], columns[count] as number[]);
  const degrees = equations.length - count;
  return { coefficients, squares, degrees, covariance: covarianceOf(triangle, count, squares / degrees) };
}

/** What a curve is fitted to: y at x. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  /** As of an equation. */
  readonly weight?: number;
}

/** A curve whose parameters are sought, from `start` on; `lowest` and `highest` have a bound for each of them. */
export interface CurveProblem {
  readonly points: readonly CurvePoint[];
  readonly model: (parameters: readonly number[], x: number) => number;
  readonly start: readonly number[];
  /** No parameter goes below its own; it may rest there. */
  readonly lowest: readonly number[];
  /** Nor above; absent: none has an upper bound. */
  readonly highest?: readonly number[];
}

/** The parameters with the least squares that were found; 200 steps are taken at most. */
export interface CurveFit {
  readonly parameters: readonly number[];
  /** Σ weight · residual². */
  readonly squares: number;
  /** Whether further steps would not have changed it. */
  readonly hasConverged: boolean;
}

/**
 * Nonlinear least squares by Levenberg and Marquardt's method, damped by the parameters' own scales
 * (D. W. Marquardt, SIAM J. 11, 1963; J. J. Moré, 1978), with derivatives by central differences. A parameter
 * at a bound that would go beyond it stands still for that step.
 */
export function fitCurve({ points, model, start, lowest, highest }: CurveProblem): CurveFit {
  const bounds = start.map((_, index): Bounds => {
    return { low: lowest[index] as number, high: highest?.[index] ?? Number.POSITIVE_INFINITY };
  });
  const residuals = (at: readonly number[]): number[] =>
    points.map(({ x, y, weight = 1 }) => Math.sqrt(weight) * (y - model(at, x)));
  let parameters = start.map((value, index) => within(value, bounds[index] as Bounds));
  let rest = residuals(parameters);
  let squares = dot(rest, rest);
  let damping = 1e-3;
  for (let step = 0; step < stepsMax; step++) {
    const slopes = slopesOf(residuals, parameters, bounds);
    const moved = stepFrom({ parameters, slopes, rest, damping, bounds });
    const movedRest = moved === undefined ? [] : residuals(moved);
    const movedSquares = moved === undefined ? Number.NaN : dot(movedRest, movedRest);
    if (moved !== undefined && movedSquares <= squares) {
      const gain = squares - movedSquares;
      [parameters, rest, squares] = [moved, movedRest, movedSquares];
      damping = Math.max(damping / 10, 1e-12);
      if (gain <= squares * 1e-9) return { parameters, squares, hasConverged: true };
    } else {
      damping *= 10;
      // So short a step changes nothing: there is no way down from here.
      if (damping > 1e12) return { parameters, squares, hasConverged: true };
    }
  }
  return { parameters, squares, hasConverged: false };
}

const stepsMax = 200;

/** Both belong to it. */
interface Bounds {
  readonly low: number;
  readonly high: number;
}

function within(value: number, { low, high }: Bounds): number {
  return Math.min(Math.max(value, low), high);
}

/** Columns become orthogonal in place; the triangle holds their lengths and shares. */
function orthogonalize(columns: number[][], count: number): number[][] | undefined {
  const triangle = Array.from({ length: count }, () => new Array<number>(count + 1).fill(0));
  for (let at = 0; at < count; at++) {
    const column = columns[at] as number[];
    const before = Math.hypot(...triangle.slice(0, at).map((row) => row[at] as number));
    const length = Math.sqrt(dot(column, column));
    // What is left of a column that the others explain is rounding.
    if (!(length > Math.max(before * 1e-12, Number.MIN_VALUE))) return undefined;
    const row = triangle[at] as number[];
    row[at] = length;
    for (let other = at + 1; other <= count; other++) {
      const target = columns[other] as number[];
      const share = dot(column, target) / length;
      row[other] = share;
      for (let i = 0; i < target.length; i++) {
        target[i] = (target[i] as number) - (share / length) * (column[i] as number);
      }
    }
  }
  return triangle;
}

function substituteBack(triangle: readonly (readonly number[])[], outputs: readonly number[]): number[] {
  const solution = new Array<number>(triangle.length).fill(0);
  for (let at = triangle.length - 1; at >= 0; at--) {
    const row = triangle[at] as readonly number[];
    let left = outputs[at] as number;
    for (let other = at + 1; other < triangle.length; other++) {
      left -= (row[other] as number) * (solution[other] as number);
    }
    solution[at] = left / (row[at] as number);
  }
  return solution;
}

/** variance · (RᵀR)⁻¹ = variance · R⁻¹R⁻ᵀ. */
function covarianceOf(triangle: readonly (readonly number[])[], count: number, variance: number): number[][] {
  const inverse = Array.from({ length: count }, (_, column) =>
    substituteBack(
      triangle,
      triangle.map((_row, index) => (index === column ? 1 : 0)),
    ),
  );
  const at = (row: number, column: number): number =>
    inverse.reduce((sum, each) => sum + (each[row] as number) * (each[column] as number), 0);
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: count }, (_column, column) => variance * at(row, column)),
  );
}

/** How each residual changes with each parameter, a list a parameter. */
function slopesOf(
  residuals: (at: readonly number[]) => number[],
  parameters: readonly number[],
  bounds: readonly Bounds[],
): number[][] {
  return parameters.map((value, index) => {
    const reach = 1e-6 * Math.max(Math.abs(value), smallestScale);
    const low = within(value - reach, bounds[index] as Bounds);
    const high = within(value + reach, bounds[index] as Bounds);
    const below = residuals(parameters.with(index, low));
    const above = residuals(parameters.with(index, high));
    return above.map((each, at) => (each - (below[at] as number)) / (high - low));
  });
}

/** Parameters near 0 still need a step by which they are varied. */
const smallestScale = 1e-6;

interface StepFacts {
  readonly parameters: readonly number[];
  readonly slopes: readonly (readonly number[])[];
  readonly rest: readonly number[];
  readonly damping: number;
  readonly bounds: readonly Bounds[];
}

/** The damped step is itself a linear problem: the slopes, with one more equation a parameter that holds it back. */
function stepFrom({ parameters, slopes, rest, damping, bounds }: StepFacts): number[] | undefined {
  const isFree = parameters.map((value, index) => {
    const { low, high } = bounds[index] as Bounds;
    const uphill = dot(slopes[index] as number[], rest);
    return (value > low || uphill < 0) && (value < high || uphill > 0);
  });
  const free = parameters.map((_, index) => index).filter((index) => isFree[index]);
  const equations: Equation[] = rest.map((residual, at) => ({
    inputs: free.map((index) => -((slopes[index] as number[])[at] as number)),
    output: residual,
  }));
  for (const [place, index] of free.entries()) {
    const slope = slopes[index] as number[];
    const hold = Math.sqrt(damping * dot(slope, slope));
    equations.push({ inputs: free.map((_, other) => (other === place ? hold : 0)), output: 0 });
  }
  const steps = fitLinear(equations)?.coefficients;
  if (steps === undefined) return undefined;
  const moved = [...parameters];
  for (const [place, index] of free.entries()) {
    moved[index] = within((parameters[index] as number) + (steps[place] as number), bounds[index] as Bounds);
  }
  return moved;
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

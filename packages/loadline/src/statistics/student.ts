/**
 * The two-sided critical value of Student's t: a t with so many degrees of freedom stays within ± this value
 * with probability `confidence`. With infinite degrees it is the normal distribution's.
 *
 * @param confidence above 0 and below 1.
 * @param degrees above 0, not necessarily whole; Infinity is allowed.
 * @throws RangeError where a parameter is out of its range.
 */
export function criticalT(confidence: number, degrees: number): number {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`A confidence lies between 0 and 1, got ${confidence}.`);
  }
  if (!(degrees > 0)) throw new RangeError(`Degrees of freedom are above 0, got ${degrees}.`);
  // The logarithm is nearly straight, so that false position takes few steps; halving the end that stays
  // (the Illinois rule) keeps it from creeping.
  const excess = (t: number): number => Math.log(probabilityBeyond(t, degrees) / (1 - confidence));
  let [low, high] = [0, 1];
  let [excessLow, excessHigh] = [excess(low), excess(high)];
  while (excessHigh > 0) {
    [low, excessLow] = [high, excessHigh];
    high *= 2;
    excessHigh = excess(high);
  }
  let stayed: 'low' | 'high' | undefined;
  for (let step = 0; step < stepsMax && high - low > high * 1e-12; step++) {
    const between = (low * excessHigh - high * excessLow) / (excessHigh - excessLow);
    const found = excess(between);
    if (Math.abs(found) < 1e-13) return between;
    if (found > 0) {
      [low, excessLow] = [between, found];
      if (stayed === 'high') excessHigh /= 2;
      stayed = 'high';
    } else {
      [high, excessHigh] = [between, found];
      if (stayed === 'low') excessLow /= 2;
      stayed = 'low';
    }
  }
  return (low + high) / 2;
}

/** Ten are usual; where rounding lets nothing come nearer, it is near enough. */
const stepsMax = 60;

/** P(|T| > t), by the incomplete beta function: I_x(ν/2, 1/2) at x = ν / (ν + t²) (DLMF 8.17, Abramowitz and Stegun 26.7.1). */
export function probabilityBeyond(t: number, degrees: number): number {
  // At ten million degrees Student's t is the normal distribution to six digits.
  const v = Math.min(degrees, 1e7);
  const square = t * t;
  return incompleteBeta({ a: v / 2, b: 0.5, x: v / (v + square), rest: square / (v + square) });
}

/** `rest` is 1 − x, told by who knows it without a rounding. */
function incompleteBeta({ a, b, x, rest }: { a: number; b: number; x: number; rest: number }): number {
  if (x <= 0) return 0;
  if (rest <= 0) return 1;
  // The fraction converges quickly only below the mean of the distribution.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta({ a: b, b: a, x: rest, rest: x });
  const logFront = a * Math.log(x) + b * Math.log(rest) - logBeta(a, b);
  return (Math.exp(logFront) / a) * betaFraction(a, b, x);
}

/** The continued fraction of DLMF 8.17.22, from its front by Lentz's method. */
function betaFraction(a: number, b: number, x: number): number {
  let ratioUp = 1;
  let ratioDown = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let value = ratioDown;
  for (let m = 1; m <= fractionTermsMax; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let factor = 1;
    for (const term of [even, odd]) {
      ratioDown = 1 / awayFromZero(1 + term * ratioDown);
      ratioUp = awayFromZero(1 + term / ratioUp);
      factor = ratioUp * ratioDown;
      value *= factor;
    }
    if (Math.abs(factor - 1) < 1e-14) break;
  }
  return value;
}

/** Terms grow with the root of the degrees: ten million of them need less than this. */
const fractionTermsMax = 5000;

function awayFromZero(value: number): number {
  return Math.abs(value) < 1e-300 ? 1e-300 : value;
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Stirling's series (DLMF 5.11.1) from 10 on, where it is exact to 1e-15; below, by Γ(x + 1) = x Γ(x). */
function logGamma(x: number): number {
  let shifted = x;
  let product = 1;
  while (shifted < 10) product *= shifted++;
  const square = 1 / (shifted * shifted);
  const series =
    (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / shifted;
  return (
    (shifted - 0.5) * Math.log(shifted) - shifted + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product)
  );
}

/**
 * Gunther's Universal Scalability Law: what N requests that are under way at once get done a second,
 *
 *   X(N) = λN / (1 + σ(N − 1) + κN(N − 1))
 *
 * λ is what one alone gets done; σ, contention, is the share of the work that has to queue for something; κ,
 * coherency, is what every two of them cost each other. With σ it levels off at λ/σ; with κ it has a peak at
 * N* = √((1 − σ) / κ) and falls behind it.
 *
 * N. J. Gunther, Guerrilla Capacity Planning (2007), and arXiv:0808.1431.
 */
export interface ScalabilityLaw {
  /** λ, requests a second. */
  readonly ratePerSecondAlone: number;
  /** σ, from 0 to 1; with 1 everything has to queue, and more never get more done. */
  readonly contention: number;
  /** κ, from 0. */
  readonly coherency: number;
}

/** Requests a second with so many under way. */
export function throughputAt(law: ScalabilityLaw, concurrency: number): number {
  return (law.ratePerSecondAlone * concurrency) / slowdown(law, concurrency);
}

/** How long a request takes with so many under way: R = N / X, by Little's law. */
export function latencyMsWith(law: ScalabilityLaw, concurrency: number): number {
  return (1000 * slowdown(law, concurrency)) / law.ratePerSecondAlone;
}

/** Where a curve is highest. */
export interface Peak {
  readonly concurrency: number;
  readonly ratePerSecond: number;
}

/** Where throughput is highest; undefined where it only grows, because the law has no coherency. */
export function peakOf(law: ScalabilityLaw): Peak | undefined {
  if (law.coherency <= 0) return undefined;
  // What falls from the first on is highest with one: fewer under way are no more for it.
  const concurrency = Math.max(1, Math.sqrt(Math.max(0, 1 - law.contention) / law.coherency));
  return { concurrency, ratePerSecond: throughputAt(law, concurrency) };
}

/** The throughput that is never exceeded: the peak's, or else λ/σ; Infinity without contention. */
export function ceilingOf(law: ScalabilityLaw): number {
  return (
    peakOf(law)?.ratePerSecond ??
    (law.contention > 0 ? law.ratePerSecondAlone / Math.min(1, law.contention) : Number.POSITIVE_INFINITY)
  );
}

/**
 * How long a request takes when so many are offered a second. The law is solved for N, which gives
 * κX·N² − (λ − σX + κX)·N + (1 − σ)X = 0, and of its two answers the smaller, which a service comes to from below.
 * The form is B. Schwartz's, Practical Scalability Analysis with the Universal Scalability Law (2015).
 *
 * @returns undefined where the rate is more than the service can do, and where it is the same however many are under way, or grows
 * with fewer: with a contention of 1.
 */
export function latencyMsAt(law: ScalabilityLaw, ratePerSecond: number): number | undefined {
  if (ratePerSecond > ceilingOf(law) || law.contention >= 1) return undefined;
  const square = law.coherency * ratePerSecond;
  const linear = law.ratePerSecondAlone - law.contention * ratePerSecond + square;
  const rest = (1 - law.contention) * ratePerSecond;
  const root = Math.sqrt(Math.max(0, linear * linear - 4 * square * rest));
  // 2c / (b + √(b² − 4ac)) stays exact where a goes to 0.
  const concurrency = (2 * rest) / (linear + root);
  return ratePerSecond === 0 ? latencyMsWith(law, 0) : (1000 * concurrency) / ratePerSecond;
}

function slowdown({ contention, coherency }: ScalabilityLaw, concurrency: number): number {
  return 1 + (contention + coherency * concurrency) * (concurrency - 1);
}

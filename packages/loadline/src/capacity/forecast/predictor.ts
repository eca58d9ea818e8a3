/** Goes through a series value by value, and can always tell what it expects next. */
export interface Predictor {
  /** The next value; NaN where nothing was measured. */
  observe(value: number): void;
  /** What is expected so many steps after the last value, from 1; NaN where it has seen too little. */
  predict(steps: number): number;
  /** The same, had this been the next value: so many steps after it, from 1. It observes nothing. */
  predictAfter(value: number, steps: number): number;
}

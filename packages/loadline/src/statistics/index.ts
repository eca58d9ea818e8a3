/** What can be concluded from numbers: differences of many figures at once, variances of series, sample sizes, least squares. */
export type { AlwaysValidOptions, RunningMean } from './always-valid.ts';
export { alwaysValidInterval, noValues, withValue } from './always-valid.ts';
export { halfSampleVariances } from './half-samples.ts';
export type { CurveFit, CurvePoint, CurveProblem, Equation, LinearFit } from './least-squares.ts';
export { fitCurve, fitLinear } from './least-squares.ts';
export { meanOf } from './sample.ts';
export { type SampleAim, sampleSizeFor } from './sample-size.ts';
export type { Interval, SimultaneousDifferences, SimultaneousOptions, TwoGroups } from './simultaneous.ts';
export { simultaneousDifferences } from './simultaneous.ts';
export { criticalT } from './student.ts';

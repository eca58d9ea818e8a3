/** What can be concluded from numbers: quantiles and their intervals, bootstrap, rank tests, change points, least squares. */
export type { Estimate, Interval, SampleAim } from './difference.ts';
export { differenceOf, sampleSizeFor, simultaneousConfidence } from './difference.ts';
export { halfSampleVariances } from './half-samples.ts';
export { meanOf, varianceOf } from './sample.ts';
export { criticalT } from './student.ts';

/** Samples that others bring: as JSON, as Prometheus text, and as Prometheus writes them. */
export { Intake } from './intake.ts';
export { intakeHandlers } from './intake-handlers.ts';
export { observeIntake } from './observe-intake.ts';

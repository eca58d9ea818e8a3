/** Samples that others bring: as JSON. */
export { Intake } from './intake.ts';
export { intakeHandlers } from './intake-handlers.ts';
export { observeIntake } from './observe-intake.ts';

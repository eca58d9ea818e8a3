/** How the control plane says no: every kind of refusal, with its status. */
export { controlPlaneError, type ProblemCode } from './errors.ts';
export { problemOfJson } from './json-limits.ts';
export { pointerOf } from './pointer.ts';
export {
  type Mistake,
  notRemembered,
  Problem,
  problemContentType,
  tooMany,
  unknownName,
  unknownThing,
  wrongInBody,
} from './problem.ts';

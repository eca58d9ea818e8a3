import type { Field } from '../../../base/index.ts';
import type { ThinkTime } from '../../steps/think-time.ts';
import { keys } from './keys.ts';

/** Reads `2s`, `{ from: 1s, to: 5s }`, `{ normal: { mean: 3s, deviation: 1s } }` or `{ exponential: 2s }`. */
export function readPause(field: Field): ThinkTime {
  if (typeof field.value !== 'object' || field.value === null)
    return { kind: 'fixed', durationMs: field.duration() };
  const pause = field.object(keys.pause);
  const shapes = [pause.has('from') || pause.has('to'), pause.has('normal'), pause.has('exponential')];
  if (shapes.filter(Boolean).length > 1) field.problem('must be one of from with to, normal and exponential');
  if (pause.has('exponential'))
    return { kind: 'exponential', meanMs: pause.required('exponential').duration({ above: 0 }) };
  if (pause.has('normal')) {
    const normal = pause.required('normal').object(keys.normal);
    return {
      kind: 'normal',
      meanMs: normal.required('mean').duration(),
      deviationMs: normal.required('deviation').duration(),
    };
  }
  const fromMs = pause.required('from').duration();
  const toMs = pause.required('to').duration();
  if (toMs < fromMs) field.problem('must have to at or after from');
  return { kind: 'uniform', fromMs, toMs };
}

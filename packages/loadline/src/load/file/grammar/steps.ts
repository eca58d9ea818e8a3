import type { Field, ObjectField } from '../../../base/index.ts';
import type { ChooseStep, RepeatStep, Step } from '../../plan.ts';
import { keys, type StepKey } from './keys.ts';
import { readPause } from './pause.ts';
import { readRequest, type StepContext } from './request.ts';
import { isMapOf } from './saves.ts';
import { checkSessionOrder, unreadStep } from './session-order.ts';
import { readConnect, readDisconnect, readReceive, readSend, sessionKeys } from './session-steps.ts';

/** The steps of a scenario: at least one request or connection among them. */
export function readSteps(field: Field, context: StepContext): Step[] {
  const fieldOf = new Map<Step, Field>();
  const steps = readStepList(field, { ...context, fieldOf }, 0);
  if (steps.length > 0 && isWithoutRequest(field.value))
    field.problem('needs at least one request, like `- get: /`');
  checkSessionOrder(steps, fieldOf);
  return steps;
}

interface ListContext extends StepContext {
  /** Where each step stands. */
  readonly fieldOf: Map<Step, Field>;
}

/** The name of every step that is measured, of those within others too. */
export function measuredNames(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => ('name' in step ? [step.name] : measuredNames(stepsWithin(step))));
}

function stepsWithin(step: Step): readonly Step[] {
  if (step.kind === 'repeat') return step.steps;
  return step.kind === 'choose' ? step.branches.flatMap((branch) => branch.steps) : [];
}

/** Of what was written: a step that could not be read may have been meant for a request. */
function isWithoutRequest(steps: unknown): boolean {
  if (!Array.isArray(steps)) return false;
  return steps.every((step: unknown) => {
    if (typeof step !== 'object' || step === null) return false;
    const { repeat, choose } = step as { repeat?: { steps?: unknown }; choose?: { steps?: unknown }[] };
    if (repeat !== undefined) return isWithoutRequest(repeat?.steps);
    if (Array.isArray(choose)) return choose.every((branch) => isWithoutRequest(branch?.steps));
    return Object.keys(step).every((key) => key === 'think' || key === 'pace');
  });
}

/** Deeper than anyone reads. */
const depthMax = 10;

function readStepList(field: Field, context: ListContext, depth: number, mayBeEmpty = false): Step[] {
  if (depth > depthMax) {
    field.problem(`stands within more than ${depthMax} other steps`);
    return [];
  }
  return field.array(
    (item) => {
      const step = readStep(item, context, depth);
      context.fieldOf.set(step, item);
      return step;
    },
    { nonEmpty: !mayBeEmpty },
  );
}

const sessionKinds = ['connect', 'send', 'receive', 'disconnect'] as const;
const kinds = [...keys.verbs, ...sessionKinds, 'think', 'pace', 'repeat', 'choose'] as const;

function readStep(item: Field, context: ListContext, depth: number): Step {
  const step = item.object(keys.step);
  const [kind, ...others] = kinds.filter((key) => step.has(key));
  if (kind === undefined || others.length > 0) {
    if (isMapOf(keys.step, item.value))
      item.problem(
        `must be one of ${keys.verbs.join(', ')} or connect with a path, send or receive with a message, disconnect, think or pace with a time, repeat or choose with steps`,
      );
    return unreadStep;
  }
  switch (kind) {
    case 'think':
      refuseBesides(step, kind, 'a pause');
      return { kind, think: readPause(step.required(kind)) };
    case 'pace':
      refuseBesides(step, kind, 'a pause');
      return { kind, every: readPause(step.required(kind)) };
    case 'repeat':
      refuseBesides(step, kind, 'a loop');
      return readRepeat(step.required(kind), context, depth);
    case 'choose':
      refuseBesides(step, kind, 'a choice');
      return readChoose(step.required(kind), context, depth);
    case 'connect':
      refuseBesides(step, kind, 'a connection', sessionKeys.connect);
      return readConnect(step, context);
    case 'send':
      refuseBesides(step, kind, 'a message', sessionKeys.send);
      return readSend(step, context.names);
    case 'receive':
      refuseBesides(step, kind, 'a message', sessionKeys.receive);
      return readReceive(step, context.names);
    case 'disconnect':
      refuseBesides(step, kind, 'a farewell', sessionKeys.disconnect);
      return readDisconnect(step);
    default:
      refuseBesides(step, kind, 'a request', requestKeys);
      return readRequest(step, kind, context);
  }
}

const requestKeys = keys.step.filter((key) => !['as', 'await', 'within'].includes(key));

function refuseBesides(
  step: ObjectField<StepKey>,
  kind: StepKey,
  what: string,
  allowed: readonly StepKey[] = [],
): void {
  const besides = keys.step.filter((key) => key !== kind && !allowed.includes(key) && step.has(key));
  if (besides.length > 0)
    step.field.problem(`is ${what}, which has no ${besides.join(', ')}; write a step of its own`);
}

const timesMax = 1_000_000;

function readRepeat(field: Field, context: ListContext, depth: number): RepeatStep {
  const repeat = field.object(keys.repeat);
  const times = repeat.required('times');
  const steps = readStepList(repeat.required('steps'), context, depth + 1);
  if (typeof times.value !== 'object' || times.value === null) {
    const count = times.number({ whole: true, atLeast: 1, atMost: timesMax });
    return { kind: 'repeat', from: count, to: count, steps };
  }
  const range = times.object(keys.times);
  const from = range.required('from').number({ whole: true, atLeast: 0, atMost: timesMax });
  const to = range.required('to').number({ whole: true, atLeast: 1, atMost: timesMax });
  if (to < from) times.problem('must have to at or after from');
  return { kind: 'repeat', from, to, steps };
}

function readChoose(field: Field, context: ListContext, depth: number): ChooseStep {
  const branches = field.array(
    (item) => {
      const branch = item.object(keys.branch);
      return {
        weight: branch.optional('weight')?.number({ atLeast: 0 }) ?? 1,
        steps: readStepList(branch.required('steps'), context, depth + 1, true),
      };
    },
    { nonEmpty: true },
  );
  if (branches.length > 0 && !branches.some((branch) => branch.weight > 0))
    field.problem('must give at least one branch a weight above 0');
  return { kind: 'choose', branches };
}

import type { Field } from '../../../base/index.ts';
import type { Step } from '../../plan.ts';
import type { SessionProtocol } from '../../transports/session.ts';

/** Stands for a step that could not be read, which may have been meant for anything. */
export const unreadStep: Step = { kind: 'think', think: { kind: 'fixed', durationMs: 0 } };

/** What may be connected at a place, by any way that leads there. */
type Connected = ReadonlySet<SessionProtocol | undefined>;
type Note = (step: Step, problem: string) => void;

const nothing: Connected = new Set([undefined]);
const anything: Connected = new Set([undefined, 'websocket', 'events']);

/** Notes every step of a session that can never find the connection that it needs. */
export function checkSessionOrder(steps: readonly Step[], fieldOf: ReadonlyMap<Step, Field>): void {
  afterAll(steps, nothing, (step, problem) => fieldOf.get(step)?.problem(problem));
}

function afterAll(steps: readonly Step[], before: Connected, note: Note): Connected {
  return steps.reduce((connected, step) => after(step, connected, note), before);
}

function after(step: Step, before: Connected, note: Note): Connected {
  if (step === unreadStep) return anything;
  switch (step.kind) {
    case 'connect':
      return new Set([step.protocol]);
    case 'disconnect':
      if (before.isSubsetOf(nothing)) note(step, unconnected);
      return nothing;
    case 'receive':
      if (before.isSubsetOf(nothing)) note(step, unconnected);
      return before;
    case 'send':
      if (before.isSubsetOf(nothing)) note(step, unconnected);
      else if (!before.has('websocket')) note(step, 'sends over server-sent events, which take no message');
      return before;
    case 'repeat': {
      // What one round leaves is there when the next one begins.
      const rounds = before.union(afterAll(step.steps, before, ignore));
      const end = afterAll(step.steps, rounds, note);
      return step.from === 0 ? end.union(before) : end;
    }
    case 'choose':
      return step.branches
        .map((branch) => afterAll(branch.steps, before, note))
        .reduce((all, end) => all.union(end), new Set());
    default:
      return before;
  }
}

const unconnected = 'needs a connection; put `- connect: /path` before it';
const ignore: Note = () => undefined;

import type { Client, EvaluationContext } from '@openfeature/server-sdk';
import type { Clock, Timer } from '../../base/index.ts';
import type { FlagContext } from '../flags/flag.ts';
import type { FlagGate } from '../flags/gate.ts';

/** Whose flags the gate heeds, and what holds until they are known. */
export interface OpenFeatureGateOptions {
  readonly clock: Clock;
  /** Of whatever provider: its answers take their time, and a decision cannot wait for them. */
  readonly client: Pick<Client, 'getBooleanValue'>;
  /** What holds until the first answer, and where there is none. Default false. */
  readonly otherwise?: boolean;
  /** How often everything that was asked for is asked again. Default 2,000. */
  readonly everyMs?: number;
}

/** A gate that answers at once, with what the client said last. */
export interface OpenFeatureGate extends Disposable {
  readonly gate: FlagGate;
  /** Asks everything that was asked for again now. */
  refresh(): Promise<void>;
  /** Answers that the client did not give; the one before holds on. */
  readonly failed: number;
}

/** One flag for one context. */
interface Question {
  readonly name: string;
  readonly context: FlagContext;
  isOpen: boolean;
  /** How often it was asked, which of these the answer is of, and how many have none yet. */
  asked: number;
  answered: number;
  waiting: number;
}

/** Whoever opens it closes it. At most 1,000 questions are kept; further ones are answered by `otherwise`. */
export function openFeatureGate(options: OpenFeatureGateOptions): OpenFeatureGate {
  const { clock, client, otherwise = false, everyMs = 2000 } = options;
  const known = new Map<string, Question>();
  let failed = 0;
  let timer: Timer;

  async function ask(key: string): Promise<void> {
    const question = known.get(key);
    if (question === undefined) return;
    // Of a client that hangs open questions must not pile up.
    if (question.waiting >= waitingMax) {
      failed++;
      return;
    }
    const turn = ++question.asked;
    question.waiting++;
    try {
      const { name, context, isOpen } = question;
      const answer = await client.getBooleanValue(name, isOpen, context as EvaluationContext);
      // One that comes late is older than what is known.
      if (turn > question.answered) Object.assign(question, { isOpen: answer, answered: turn });
    } catch {
      failed++;
    } finally {
      question.waiting--;
    }
  }

  async function refresh(): Promise<void> {
    await Promise.all([...known.keys()].map(ask));
  }

  const again = (): void => {
    timer = clock.setTimer(again, everyMs);
    void refresh();
  };
  timer = clock.setTimer(again, everyMs);

  return {
    gate(name, context) {
      const key = JSON.stringify([name, context]);
      const question = known.get(key);
      if (question !== undefined) return question.isOpen;
      if (known.size >= questionsMax) return otherwise;
      known.set(key, { name, context, isOpen: otherwise, asked: 0, answered: 0, waiting: 0 });
      void ask(key);
      return otherwise;
    },
    refresh,
    get failed() {
      return failed;
    },
    [Symbol.dispose]: () => timer.cancel(),
  };
}

const questionsMax = 1000;
const waitingMax = 3;

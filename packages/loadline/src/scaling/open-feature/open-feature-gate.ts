import type { Client, EvaluationContext } from '@openfeature/server-sdk';
import type { Clock, Timer } from '../../base/index.ts';
import type { FlagContext } from '../flags/flag.ts';
import type { FlagGate } from '../flags/gate.ts';

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

/** Whoever opens it closes it. At most 1,000 questions are kept; further ones are answered by `otherwise`. */
export function openFeatureGate(options: OpenFeatureGateOptions): OpenFeatureGate {
  const { clock, client, otherwise = false, everyMs = 2000 } = options;
  const known = new Map<string, { readonly name: string; readonly context: FlagContext; isOpen: boolean }>();
  let failed = 0;
  let timer: Timer;

  async function ask(key: string): Promise<void> {
    const question = known.get(key);
    if (question === undefined) return;
    try {
      question.isOpen = await client.getBooleanValue(
        question.name,
        question.isOpen,
        question.context as EvaluationContext,
      );
    } catch {
      failed++;
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
      known.set(key, { name, context, isOpen: otherwise });
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

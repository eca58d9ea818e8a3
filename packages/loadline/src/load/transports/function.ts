import type { Clock } from '../../base/index.ts';
import type { FailureReason, OutgoingRequest, Transport } from './transport.ts';

/** What a function answers: a response after `delayMs`, or a failure, or nothing at all. */
export type FunctionReply =
  | {
      readonly kind: 'response';
      readonly delayMs: number;
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'failure'; readonly delayMs: number; readonly reason: FailureReason }
  | { readonly kind: 'silence' };

/**
 * A transport that calls a function instead of a network: for simulations on a virtual clock, and to load
 * something that lives in this process. Silence ends by the request's time limit, as it would on a network.
 */
export function createFunctionTransport(
  clock: Clock,
  answer: (request: OutgoingRequest, sentMs: number) => FunctionReply,
): Transport {
  const open = new Set<() => void>();
  return {
    open() {
      let cancel: (() => void) | undefined;
      const close = (): void => {
        cancel?.();
        open.delete(close);
      };
      open.add(close);
      return {
        send(request, onReply) {
          const sentMs = clock.monotonicMs();
          const reply = answer(request, sentMs);
          const isLate = reply.kind === 'silence' || reply.delayMs > request.timeoutMs;
          const timer = clock.setTimer(
            () => {
              cancel = undefined;
              const receivedMs = clock.monotonicMs();
              if (isLate)
                onReply({ kind: 'failure', reason: 'timeout', message: 'no answer', sentMs, receivedMs });
              else if (reply.kind === 'failure')
                onReply({ ...reply, message: reply.reason, sentMs, receivedMs });
              else onReply({ ...responseOf(reply), sentMs, receivedMs });
            },
            isLate ? request.timeoutMs : reply.delayMs,
          );
          cancel = () => {
            timer.cancel();
            cancel = undefined;
            onReply({
              kind: 'failure',
              reason: 'closed',
              message: 'the run has ended',
              sentMs,
              receivedMs: clock.monotonicMs(),
            });
          };
        },
        close,
      };
    },
    close() {
      for (const close of [...open]) close();
    },
  };
}

function responseOf(reply: FunctionReply & { kind: 'response' }): {
  kind: 'response';
  status: number;
  bytesIn: number;
  bytesOut: number;
  header(name: string): string | undefined;
  text(): string;
} {
  const body = reply.body ?? '';
  const headers = reply.headers ?? {};
  return {
    kind: 'response',
    status: reply.status,
    bytesIn: body.length,
    bytesOut: 0,
    header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined),
    text: () => body,
  };
}

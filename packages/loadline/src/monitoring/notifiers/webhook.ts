import { type Clock, createRandom, type Random, systemClock } from '../../base/index.ts';
import type { Notifier } from '../notifier.ts';
import { notificationBody } from './body.ts';
import { deliver } from './deliver.ts';
import { type NotifierTarget, parseDestination } from './destination.ts';
import { createPost } from './post.ts';
import { keyOf, signMessage } from './signature.ts';

/** Where notifications go, and by what they are signed. */
export interface WebhookOptions extends NotifierTarget {
  /** By which the receiver knows us: at least 24 bytes, as text or as base64 behind `whsec_`. Without it nothing is signed. */
  readonly secret?: string;
  /** How long one attempt may take. Default 10 seconds. */
  readonly timeoutMs?: number;
  /** Default: this machine's. */
  readonly clock?: Clock;
  /** Spreads further attempts. Default: a stream of its own. */
  readonly random?: Random;
  /** Gives a name's addresses; default this machine's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/**
 * Posts notifications as JSON, signed as Standard Webhooks ask. What fails is tried again after 1, 2, 4, 8 and 16
 * seconds, or when the receiver says; every attempt is signed anew, and has the notification's id.
 *
 * @throws MONITORING_NOTIFIER_INVALID
 *
 * @example
 * createWebhookNotifier({ url: 'https://alerts.example.org/in', secret: 'whsec_…' });
 */
export function createWebhookNotifier(options: WebhookOptions): Notifier {
  const { secret, timeoutMs = 10_000, clock = systemClock, resolve } = options;
  const random = options.random ?? createRandom(clock.now());
  const isWeak = secret !== undefined && keyOf(secret).length < secretBytesMin;
  const destination = parseDestination(options, {
    notifier: 'webhook',
    own: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
    problems: isWeak ? [`the secret has fewer than ${secretBytesMin} bytes`] : [],
  });
  const post = createPost(destination, resolve);
  const { name } = destination;
  return {
    name: `webhook ${name}`,
    async notify(notification, signal) {
      const { id } = notification;
      const body = JSON.stringify(notificationBody(notification));
      await deliver(
        (attemptSignal) => {
          const timestampSeconds = Math.floor(clock.now() / 1000);
          const headers =
            secret === undefined ? { 'webhook-id': id } : signMessage({ id, timestampSeconds, body }, secret);
          return post(body, headers, attemptSignal);
        },
        { name, clock, random, timeoutMs, signal },
      );
    },
  };
}

/** As the specification asks. */
const secretBytesMin = 24;

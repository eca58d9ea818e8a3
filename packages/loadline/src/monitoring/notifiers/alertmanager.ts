import { type Clock, createRandom, type Random, systemClock } from '../../base/index.ts';
import type { NotifiedAlert } from '../notification.ts';
import type { Notifier } from '../notifier.ts';
import { postableAlerts } from './alertmanager-alerts.ts';
import { deliver } from './deliver.ts';
import { type NotifierTarget, parseDestination } from './destination.ts';
import { createPost } from './post.ts';

export interface AlertmanagerOptions extends NotifierTarget {
  /** How often it hears of all that fires. Default a minute; what it has not heard of for four times as long is over. */
  readonly refreshMs?: number;
  /** Where people see an alert: its fingerprint is added after a `/`. */
  readonly alertsUrl?: string;
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/**
 * Hands alerts to Prometheus's Alertmanager by its v2 API, which groups, routes and repeats them by its own rules. An
 * address without a path gets `/api/v2/alerts`. What fires is sent again before it would time out there, and what is
 * over is sent with its end; should this process die, Alertmanager ends its alerts by itself.
 *
 * @throws MONITORING_NOTIFIER_INVALID
 */
export function createAlertmanagerNotifier(options: AlertmanagerOptions): Notifier {
  const { refreshMs = 60_000, alertsUrl, timeoutMs = 10_000, clock = systemClock, resolve } = options;
  const random = options.random ?? createRandom(clock.now());
  const isUrl = alertsUrl === undefined || /^https?:\/\/\S+$/.test(alertsUrl);
  const destination = parseDestination(options, {
    notifier: 'Alertmanager',
    own: [],
    problems: isUrl ? [] : ['alertsUrl is no http: or https: URL'],
  });
  const { url, name } = destination;
  if (!url.pathname.endsWith('/api/v2/alerts'))
    url.pathname = `${url.pathname.replace(/\/$/, '')}/api/v2/alerts`;
  const post = createPost(destination, resolve);

  async function send(alerts: readonly NotifiedAlert[], signal: AbortSignal): Promise<void> {
    for (let at = 0; at < alerts.length; at += alertsInPostMax) {
      const some = alerts.slice(at, at + alertsInPostMax);
      await deliver(
        (attemptSignal) => {
          // Made anew for each attempt: what fires is said to fire from now on.
          const body = postableAlerts(some, {
            nowMs: clock.now(),
            lastingMs: refreshMs * 4,
            alertsUrl,
          });
          return post(JSON.stringify(body), {}, attemptSignal);
        },
        { name, clock, random, timeoutMs, signal },
      );
    }
  }

  return {
    name: `alertmanager ${name}`,
    notify: ({ alerts }, signal) => send(alerts, signal),
    refresh: { everyMs: refreshMs, send },
  };
}

const alertsInPostMax = 500;

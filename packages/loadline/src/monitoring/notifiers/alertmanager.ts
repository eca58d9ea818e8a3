import { type Clock, createRandom, type Random, systemClock } from '../../base/index.ts';
import type { NotifiedAlert } from '../notification.ts';
import type { Notifier } from '../notifier.ts';
import type { Severity } from '../rule.ts';
import { postableAlerts } from './alertmanager-alerts.ts';
import { deliver } from './deliver.ts';
import { type NotifierTarget, parseDestination } from './destination.ts';
import { createPost } from './post.ts';

/** Which Alertmanager, and how often it hears of what fires. */
export interface AlertmanagerOptions extends NotifierTarget {
  /** How often it hears of all that fires. Default a minute; what it has not heard of for four times as long is over. */
  readonly refreshMs?: number;
  /** Where people see an alert: its fingerprint is added after a `/`. */
  readonly alertsUrl?: string;
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

  /** What it was told to fire. */
  let told = new Map<string, NotifiedAlert>();
  return {
    name: `alertmanager ${name}`,
    async notify({ alerts }, signal) {
      await send(alerts, signal);
      for (const alert of alerts) {
        const { previousSeverity, status } = alert;
        if (previousSeverity !== undefined) told.delete(keyOf(alert, previousSeverity));
        if (status === 'firing') told.set(keyOf(alert), alert);
        else told.delete(keyOf(alert));
      }
    },
    refresh: {
      everyMs: refreshMs,
      async send(alerts, signal) {
        const firing = new Map(alerts.map((alert) => [keyOf(alert), alert]));
        // A notification may have had no room for the end of an alert, or may not have arrived.
        const ended = [...told]
          .filter(([key]) => !firing.has(key))
          .map(([, alert]) => over(alert, clock.now()));
        await send([...alerts, ...ended], signal);
        told = firing;
      },
    },
  };
}

/** By what Alertmanager knows an alert. */
function keyOf({ fingerprint, severity }: NotifiedAlert, ofSeverity: Severity = severity): string {
  return `${fingerprint} ${ofSeverity}`;
}

function over(alert: NotifiedAlert, endedAtMs: number): NotifiedAlert {
  return { ...alert, status: 'resolved', change: 'resolved', previousSeverity: undefined, endedAtMs };
}

const alertsInPostMax = 500;

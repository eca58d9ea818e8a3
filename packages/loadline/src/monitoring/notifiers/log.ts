import type { Notification } from '../notification.ts';
import type { Notifier } from '../notifier.ts';
import { notificationBody } from './body.ts';

/**
 * Writes a notification as one line of JSON, as a webhook would get it, for whatever collects logs.
 *
 * @param write takes a line without its end.
 */
export function createLogNotifier(write: (line: string) => void): Notifier {
  return {
    name: 'log',
    async notify(notification: Notification): Promise<void> {
      write(JSON.stringify(notificationBody(notification)));
    },
  };
}

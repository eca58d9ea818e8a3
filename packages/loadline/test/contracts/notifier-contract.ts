import type { Notification, Notifier } from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';
import { notificationOf, notifiedAlert } from '../monitoring/notifications.ts';

/** A notifier with its far end. */
export interface NotifierUnderTest {
  readonly notifier: Notifier;
  /** The rules of the alerts that have arrived, with their status: `slow firing`. */
  readonly arrived: () => Promise<readonly string[]> | readonly string[];
  readonly stop: () => Promise<void>;
}

/**
 * What every notifier owes its users. A driver's test calls this with a way to make one.
 *
 * @param start makes a fresh notifier with its far end.
 */
export function describeNotifier(name: string, start: () => Promise<NotifierUnderTest>): void {
  const withOne = async (work: (tested: NotifierUnderTest) => Promise<void>): Promise<void> => {
    const tested = await start();
    try {
      await work(tested);
    } finally {
      await tested.stop();
    }
  };

  describe(`${name}, as a notifier`, () => {
    it('has delivered what fires when its promise resolves', () =>
      withOne(async ({ notifier, arrived }) => {
        await notifier.notify(notificationOf(), new AbortController().signal);
        expect(await arrived()).toEqual(['slow firing']);
      }));

    it('delivers all of a notification', () =>
      withOne(async ({ notifier, arrived }) => {
        await notifier.notify(everything(), new AbortController().signal);
        expect((await arrived()).toSorted()).toEqual(['errors firing', 'slow firing']);
      }));

    it('takes the same notification twice', () =>
      withOne(async ({ notifier, arrived }) => {
        const { signal } = new AbortController();
        await notifier.notify(notificationOf(), signal);
        await notifier.notify(notificationOf(), signal);
        expect(new Set(await arrived())).toEqual(new Set(['slow firing']));
      }));

    it('has a name for people', () =>
      withOne(async ({ notifier }) => {
        expect(notifier.name).toMatch(/^[a-z]+( https?:\/\/[^/@]+)?$/);
      }));
  });
}

/** Strange labels, absent values, text of every kind. */
function everything(): Notification {
  return notificationOf({
    why: 'escalated',
    severity: 'critical',
    alerts: [
      notifiedAlert({
        labels: { service: 'ä"\\\n👍', 'a-b': 'c', '1': '2', empty: '' },
        summary: 'x\n"y" <z> 👍',
      }),
      notifiedAlert({
        rule: 'errors',
        severity: 'critical',
        value: undefined,
        runbook: undefined,
        acknowledgedBy: 'ada',
      }),
    ],
    alertsLeftOut: 7,
  });
}

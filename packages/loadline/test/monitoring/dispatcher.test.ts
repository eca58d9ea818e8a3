import { createVirtualClock, LoadlineError, sleep } from 'loadline/base';
import { Dispatcher, type DispatcherOptions, type NotifiedAlert, type Notifier } from 'loadline/monitoring';
import { describe, expect, it } from 'vitest';
import { notificationOf, notifiedAlert } from './notifications.ts';

const hanging: Notifier['notify'] = () => new Promise(() => {});

function setUp(
  notifiers: Readonly<Record<string, Notifier['notify']>>,
  said: Partial<DispatcherOptions> = {},
) {
  const clock = createVirtualClock();
  const heard: string[] = [];
  const routes = Object.entries(notifiers).map(([name, notify]) => ({
    notifier: {
      name,
      async notify(...words: Parameters<Notifier['notify']>) {
        await notify(...words);
        heard.push(`${name} ${words[0].id}`);
      },
    },
  }));
  const dispatcher = new Dispatcher({ routes, clock, ...said });
  const offer = (...ids: readonly string[]) => ids.map((id) => dispatcher.offer(notificationOf({ id })));
  return { clock, dispatcher, heard, offer };
}

describe('Dispatcher', () => {
  it('hands notifications to every notifier, in their order', async () => {
    const { clock, heard, offer } = setUp({ a: async () => {}, b: async () => {} });
    const settled = offer('1', '2');
    await clock.advance(0);
    expect(heard.toSorted()).toEqual(['a 1', 'a 2', 'b 1', 'b 2']);
    expect(await Promise.all(settled)).toEqual([true, true]);
  });

  it('lets a dead notifier delay nobody else, and gives it up in time', async () => {
    const { clock, dispatcher, heard, offer } = setUp({ dead: hanging, quick: async () => {} });
    const [settled] = offer('1', '2');
    await clock.advance(1);
    expect(heard).toEqual(['quick 1', 'quick 2']);
    await clock.advance(119_998);
    expect(dispatcher.report()[0]).toMatchObject({ failed: 0, waiting: 1 });
    await clock.advance(1);
    expect(await settled).toBe(true);
    await clock.advance(120_000);
    expect(dispatcher.report()).toMatchObject([
      {
        notifier: 'dead',
        delivered: 0,
        failed: 2,
        lastProblem: 'Could not notify dead: it took longer than 120000 ms.',
      },
      { notifier: 'quick', delivered: 2, failed: 0, lastProblem: undefined },
    ]);
    expect(clock.pending).toBe(0);
  });

  it('drops the oldest of too many that wait, and counts it', async () => {
    const { clock, dispatcher, heard, offer } = setUp(
      {
        slow: (_, signal) =>
          new Promise((resolve) => (signal.aborted ? resolve() : clock.setTimer(resolve, 1000))),
      },
      { queueMax: 2 },
    );
    offer('1');
    await clock.advance(0);
    const settled = offer('2', '3', '4', '5');
    // What is dropped is given up for good: it is not kept for the next start.
    expect(await settled[0]).toBe(true);
    await clock.advance(10_000);
    expect(heard).toEqual(['slow 1', 'slow 4', 'slow 5']);
    expect(dispatcher.report()).toMatchObject([{ delivered: 3, dropped: 2, waiting: 0 }]);
  });

  it('counts what a notifier gives up, and shows of a stranger’s error only its kind', async () => {
    const errors = [
      new LoadlineError('X', 'Could not, for a reason.'),
      new TypeError('https://user:s3cret@host'),
    ];
    const { clock, dispatcher, offer } = setUp({ a: async () => Promise.reject(errors.shift()) });
    offer('1');
    await clock.advance(0);
    expect(dispatcher.report()).toMatchObject([{ failed: 1, lastProblem: 'Could not, for a reason.' }]);
    offer('2');
    await clock.advance(0);
    expect(dispatcher.report()).toMatchObject([{ failed: 2, lastProblem: 'Could not notify a: TypeError.' }]);
  });

  it('tells a notifier of a level only what was passed on that far', async () => {
    const heard: string[] = [];
    const notifier: Notifier = { name: 'boss', notify: async ({ id }) => void heard.push(id) };
    const clock = createVirtualClock();
    const dispatcher = new Dispatcher({ routes: [{ notifier, fromLevel: 1 }], clock });
    const at = (level: number) => ({
      id: `level ${level}`,
      incident: { id: 'i', level, takenBy: undefined },
    });
    await Promise.all([0, 1, 2].map((level) => dispatcher.offer(notificationOf(at(level)))));
    expect(heard).toEqual(['level 1', 'level 2']);
  });

  it('lets deliveries end when it closes, and says which it cut short', async () => {
    const { clock, dispatcher, offer } = setUp({ dead: hanging });
    const settled = offer('1', '2');
    await clock.advance(0);
    const closing = dispatcher.close(5000);
    await clock.advance(5000);
    await closing;
    settled.push(...offer('3'));
    expect(await Promise.all(settled)).toEqual([false, false, false]);
    expect(dispatcher.report()).toMatchObject([{ failed: 1, dropped: 2 }]);
    expect(clock.pending).toBe(0);
  });

  it('refreshes those who forget as often as they wish, with the newest, between notifications', async () => {
    const clock = createVirtualClock();
    const sent: (readonly NotifiedAlert[])[] = [];
    const notifier: Notifier = {
      name: 'forgetful',
      notify: async () => {},
      refresh: { everyMs: 60_000, send: async (alerts) => void sent.push(alerts) },
    };
    const dispatcher = new Dispatcher({ routes: [{ notifier }], clock });
    for (let second = 0; second < 180; second += 2) {
      dispatcher.refresh([notifiedAlert({ value: second })]);
      await clock.advance(2000);
    }
    expect(sent.map(([alert]) => alert?.value)).toEqual([0, 60, 120]);
  });

  it('says of what fires only what fires now, however long that had to wait', async () => {
    const { clock, dispatcher, sent } = forgetful({ busyMs: 90_000 });
    const offered = dispatcher.offer(notificationOf());
    await clock.advance(1000);
    dispatcher.refresh([notifiedAlert({ rule: 'over' }), notifiedAlert({ rule: 'lasting' })]);
    await clock.advance(1000);
    dispatcher.refresh([notifiedAlert({ rule: 'lasting' })]);
    await clock.advance(100_000);
    await offered;
    expect(sent).toEqual([['lasting']]);
    expect(clock.pending).toBe(0);
  });

  it('refreshes at once where a notification had no room for all', async () => {
    const { clock, dispatcher, sent } = forgetful();
    dispatcher.refresh([]);
    await clock.advance(2000);
    void dispatcher.offer(notificationOf({ alertsLeftOut: 1 }));
    dispatcher.refresh([notifiedAlert(), notifiedAlert({ rule: 'left out' })]);
    await clock.advance(2000);
    for (let at = 0; at <= 100; at++) void dispatcher.offer(notificationOf());
    dispatcher.refresh([notifiedAlert({ rule: 'dropped' })]);
    await clock.advance(0);
    expect(sent).toEqual([[], ['slow', 'left out'], ['dropped']]);
  });

  it('refreshes a notifier of a level only with what was passed on that far, until it is over', async () => {
    const { clock, dispatcher, sent } = forgetful({ fromLevel: 1 });
    const [early, passedOn] = ['early', 'passed on'].map((rule) =>
      notifiedAlert({ rule, fingerprint: rule }),
    );
    const look = async (...alerts: readonly (NotifiedAlert | undefined)[]) => {
      dispatcher.refresh(alerts.filter((alert) => alert !== undefined));
      await clock.advance(60_000);
    };
    const incident = { id: 'i', level: 1, takenBy: undefined };
    void dispatcher.offer(notificationOf({ incident, alerts: [passedOn as NotifiedAlert] }));
    await look(early, passedOn);
    await look(early);
    await look(early, passedOn);
    expect(sent).toEqual([['passed on'], [], []]);
  });
});

/** A dispatcher of one notifier that wants to hear every minute of all that fires. */
function forgetful({ busyMs = 0, fromLevel = 0 } = {}) {
  const clock = createVirtualClock();
  const sent: string[][] = [];
  const notifier: Notifier = {
    name: 'forgetful',
    notify: () => (busyMs === 0 ? Promise.resolve() : sleep(clock, busyMs)),
    refresh: { everyMs: 60_000, send: async (alerts) => void sent.push(alerts.map(({ rule }) => rule)) },
  };
  return { clock, sent, dispatcher: new Dispatcher({ routes: [{ notifier, fromLevel }], clock }) };
}

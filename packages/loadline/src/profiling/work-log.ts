import type { Clock } from '../base/index.ts';
import type { WorkMark } from './overhead.ts';

/** Remembers what a process did in each of the last seconds, so that a session can say what it cost. */
export interface WorkLog {
  /** The marks of the last half minute, oldest first. */
  recent(): readonly WorkMark[];
  /** All marks from now on, until `end` gives them, at most those of ten minutes. */
  follow(): { end(): readonly WorkMark[] };
  close(): void;
}

const secondsBefore = 30;
const secondsFollowed = 600;

/** Looks once a second. `read` must be cheap. */
export function createWorkLog(clock: Clock, read: () => WorkMark): WorkLog {
  const followed = new Set<WorkMark[]>();
  let marks: WorkMark[] = [read()];
  let timer = next();
  function next(): ReturnType<Clock['setTimer']> {
    return clock.setTimer(() => {
      marks = [...marks.slice(-secondsBefore), read()];
      for (const list of followed) if (list.length < secondsFollowed) list.push(marks.at(-1) as WorkMark);
      timer = next();
    }, 1000);
  }
  return {
    recent: () => marks,
    follow() {
      const list = [read()];
      followed.add(list);
      return {
        end() {
          followed.delete(list);
          return list;
        },
      };
    },
    close: () => timer.cancel(),
  };
}

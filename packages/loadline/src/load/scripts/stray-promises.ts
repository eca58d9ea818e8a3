import { textOf } from './thrown-text.ts';

/**
 * A promise that a script neither awaits nor catches would end the process when it fails, and with it the run and all
 * that was measured. While scripts run, such a failure is told instead.
 */
export function catchStrayPromises(tell: (reason: string) => void): Disposable {
  const onRejection = (thrown: unknown): void => tell(`a promise that nobody awaited: ${textOf(thrown)}`);
  process.on('unhandledRejection', onRejection);
  return {
    [Symbol.dispose]() {
      process.off('unhandledRejection', onRejection);
    },
  };
}

import { formatDuration } from 'loadline/base';
import { drawBar, type Terminal } from 'loadline/cli';

/** Reports how far one step is, from 0 to 1, with what is being done. */
export type StepProgress = (fraction: number, label: string) => void;

/** The demo's preparation, a line a step: on a screen it shows what is going on, elsewhere what is done. */
export interface Steps {
  run<Result>(what: string, work: (progress: StepProgress) => Promise<Result>): Promise<Result>;
}

export function createSteps(terminal: Terminal): Steps {
  const draw = (text: string): void => {
    if (terminal.isInteractive) terminal.err(`\r\u001b[K${text}`);
  };
  return {
    async run(what, work) {
      const startedMs = performance.now();
      draw(`  … ${what}`);
      const result = await work((fraction, label) =>
        draw(`  … ${what}  ${drawBar(fraction, 20)} ${label}`.slice(0, terminal.width - 1)),
      );
      draw('');
      const took = formatDuration(performance.now() - startedMs);
      terminal.err(`  ${terminal.style('green', '✓')} ${what.padEnd(34)} ${terminal.style('dim', took)}\n`);
      return result;
    },
  };
}

import { formatDuration } from '../../base/index.ts';
import { printable, wrapLine } from './lines.ts';
import { drawBar } from './progress-line.ts';
import type { Style } from './terminal.ts';

/** A rolling restart as a control plane tells it. */
export interface ToldRestart {
  readonly state: 'going' | 'done' | 'stopped';
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly of: number;
  readonly replaced: number;
  readonly because?: string;
}

export interface ToldInstance {
  readonly id: string;
  readonly state: string;
}

interface Screen {
  readonly width: number;
  readonly style: Style;
}

/** One line that is drawn over itself: how many are replaced, and who comes and goes. Pure; what does not fit is left out. */
export function restartLine(
  { of, replaced }: ToldRestart,
  instances: readonly ToldInstance[],
  { width, style }: Screen,
): string {
  const bar = drawBar(of === 0 ? 1 : replaced / of, Math.max(1, Math.min(20, width - 2)));
  const moving = instances.filter(({ state }) => state !== 'ready').map(({ id, state }) => `${id} ${state}`);
  const room = Math.max(0, width - bar.length - 2);
  const told = printable([`${replaced} of ${of} replaced`, ...moving].join('  '));
  return `${style('cyan', bar)} ${told.slice(0, room)}`.trimEnd();
}

/** How it ended, in a sentence. Pure. */
export function restartEnd(group: string, restart: ToldRestart, { width, style }: Screen): string {
  const { state, of, replaced, startedAt, endedAt = startedAt, because = 'nobody says why' } = restart;
  const took = formatDuration(Math.round((Date.parse(endedAt) - Date.parse(startedAt)) / 100) * 100);
  const line =
    state === 'done'
      ? `${style('green', 'Done')}: ${replaced} of ${of} instances of ${group} replaced in ${took}.`
      : `${style('red', 'Stopped')} with ${replaced} of ${of} instances of ${group} replaced; the others are as they were: ${printable(because).replace(/\.$/, '')}.`;
  return `${wrapLine(line, width).join('\n')}\n`;
}

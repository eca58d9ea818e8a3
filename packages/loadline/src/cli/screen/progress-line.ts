import { counted, formatCount, formatDuration, formatRate } from '../../base/index.ts';
import type { LoadProgress } from '../../load/index.ts';
import type { Style } from './terminal.ts';

/** One line that is drawn over itself once a second. Pure; what does not fit is left out from the right. */
export function progressLine(
  progress: LoadProgress,
  { width, style }: { readonly width: number; readonly style: Style },
): string {
  const share = progress.durationMs === 0 ? 1 : Math.min(1, progress.elapsedMs / progress.durationMs);
  const bar = drawBar(share, Math.max(1, Math.min(20, width - 2)));
  const seconds = (durationMs: number): string => formatDuration(Math.round(durationMs / 1000) * 1000);
  const facts = [
    `${seconds(Math.min(progress.elapsedMs, progress.durationMs))} of ${seconds(progress.durationMs)}`,
    counted(progress.users, 'user'),
    formatRate(progress.ratePerSecond),
    ...(progress.latencyMsP95 === undefined ? [] : [`p95 ${formatDuration(progress.latencyMsP95)}`]),
    counted(progress.errors, 'error'),
    ...(progress.dropped === 0 ? [] : [`${formatCount(progress.dropped)} dropped`]),
  ];
  let line = '';
  for (const fact of facts) {
    const longer = line === '' ? fact : `${line}  ${fact}`;
    if (longer.length + bar.length + 1 > width - 1) break;
    line = longer;
  }
  return `${style('cyan', bar)} ${line}`.trimEnd();
}

/** `████████░░░░`, in eighths of a character. */
export function drawBar(share: number, size: number): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * size * 8);
  const full = Math.floor(eighths / 8);
  const rest = '·▏▎▍▌▋▊▉'[eighths % 8] as string;
  return full === size ? '█'.repeat(size) : `${'█'.repeat(full)}${rest}${'·'.repeat(size - full - 1)}`;
}

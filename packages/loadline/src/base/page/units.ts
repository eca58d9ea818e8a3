import { formatDuration } from '../duration.ts';
import { formatRate, formatRatio } from '../figures.ts';
import { formatBytes } from '../size.ts';

/** A value with its unit. The page's script does the same under the cursor; a test holds both against each other. */
export function formatValue(value: number, unit: string): string {
  switch (unit) {
    case 'ms':
      return formatDuration(value);
    case 'bytes':
      return formatBytes(value);
    case 'bytes per second':
      return `${formatBytes(value)}/s`;
    case 'ratio':
      return formatRatio(value);
    case 'per second':
      return formatRate(value);
    case 'count':
      return compact(value);
    case 'elapsed':
      return formatElapsed(value);
    case 'clock':
      return formatClock(value);
    default:
      return `${compact(value)} ${unit}`;
  }
}

/** A time within the run, as a clock shows it: `0:07`, `12:30`, `1:00:00`; tenths where there are any. */
export function formatElapsed(elapsedMs: number): string {
  const tenths = Math.round(elapsedMs / 100);
  const seconds = Math.floor(tenths / 10);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const rest = String(seconds % 60).padStart(2, '0') + (tenths % 10 === 0 ? '' : `.${tenths % 10}`);
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** A time in UTC as an axis shows it: `12:30`, and `Jun 3` where a day begins. */
function formatClock(epochMs: number): string {
  return epochMs % dayMs === 0 ? days.format(epochMs) : new Date(epochMs).toISOString().slice(11, 16);
}

const dayMs = 86_400_000;
const days = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });

function compact(value: number): string {
  return Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString('en-US')
    : String(Number(value.toPrecision(3)));
}

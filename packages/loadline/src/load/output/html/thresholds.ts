import { html, type Markup, parseDuration } from '../../../base/index.ts';
import type { LoadReport } from '../../report.ts';
import type { ThresholdResult } from '../../threshold.ts';

/** Each threshold with its limit, what was measured, and how far that is from the limit. */
export function thresholdsSection({ thresholds, verdict: { status } }: LoadReport): Markup | undefined {
  if (thresholds.length === 0) return undefined;
  const isJudged = status !== 'interrupted' && status !== 'invalid';
  return html`<section><h2>Thresholds${isJudged ? undefined : html` <small>not judged</small>`}</h2><div class="scroll"><table class="thresholds"><thead><tr><th></th><th>threshold</th><th class="number">measured</th><th>against the limit</th></tr></thead><tbody>${thresholds.map(
    (result) => thresholdRow(result, isJudged),
  )}</tbody></table></div></section>`;
}

const marks = {
  passed: { sign: '✓', says: 'met', tone: 'good' },
  failed: { sign: '✗', says: 'not met', tone: 'bad' },
  'no data': { sign: '?', says: 'nothing was measured', tone: 'other' },
} as const;

function thresholdRow(result: ThresholdResult, isJudged: boolean): Markup {
  const { sign, says, tone } = isJudged
    ? marks[result.verdict]
    : { sign: '–', says: 'not judged', tone: 'calm' };
  const { scope, condition, limit } = partsOf(result.text);
  return html`<tr><td><b class="sign ${tone}" title="${says}">${sign}</b></td><td class="name">${scope} <code>${condition}</code></td><td class="number">${result.shown}</td><td>${
    result.measured === undefined || limit === undefined
      ? undefined
      : bullet(limit === 0 ? 2 : result.measured / limit, tone)
  }</td></tr>`;
}

/** The limit stands in the middle; what is twice as high, or more, fills the bar. */
function bullet(share: number, tone: string): Markup {
  return html`<svg class="bullet" width="160" height="12" aria-hidden="true"><rect class="track" width="160" height="6" y="3" rx="3"/><rect class="${tone}" width="${Math.round(Math.min(2, Math.max(0, share)) * 80)}" height="6" y="3" rx="3"/><path d="M80 0v12"/></svg>`;
}

/** `claim.latency: p99 < 500ms` → what it is about, the condition, and the limit in the unit of `measured`. */
function partsOf(text: string): { scope: string; condition: string; limit: number | undefined } {
  const at = text.lastIndexOf(': ');
  const condition = text.slice(at + 2);
  const written = /[<>]=?\s*(\S+)$/.exec(condition)?.[1] ?? '';
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(%|\/s)?$/.exec(written) ?? [];
  const limit = digits === undefined ? parseDuration(written) : Number(digits) / (unit === '%' ? 100 : 1);
  return { scope: at < 0 ? '' : text.slice(0, at), condition, limit };
}

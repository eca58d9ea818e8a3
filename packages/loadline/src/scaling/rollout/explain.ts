import type { EffectVerdict } from '../../load/compare/index.ts';
import type { RolloutEffect } from './judge.ts';

/** `5 %`. */
export function tellShare(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}

/** The effects of a verdict for people, those of the whole first: `latency p95 +12 % (+4 to +21), of /cart errors …`. */
export function tellEffects(effects: readonly RolloutEffect[], verdict: EffectVerdict): string {
  const told = effects.filter((each) => each.verdict === verdict);
  if (told.length === 0) return 'there was too little traffic to compare';
  told.sort((a, b) => Number(a.endpoint !== undefined) - Number(b.endpoint !== undefined));
  const rest = told.length - toldMax;
  return `${told.slice(0, toldMax).map(tellEffect).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

const toldMax = 4;

function tellEffect({ endpoint, metric, change, low, high }: RolloutEffect): string {
  const what = endpoint === undefined ? metric : `${metric} of ${endpoint}`;
  if (!Number.isFinite(low) || !Number.isFinite(high)) return `${what} not known yet`;
  const unit = metric === 'errors' ? 'points' : '%';
  return `${what} ${signed(change)} ${unit} (${signed(low)} to ${signed(high)})`;
}

function signed(change: number): string {
  const percent = Number((change * 100).toPrecision(2)) + 0;
  return percent > 0 ? `+${percent}` : `${percent}`;
}

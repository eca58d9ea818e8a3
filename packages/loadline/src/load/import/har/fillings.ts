import { isSecretName } from '../draft/looks.ts';
import type { Secrets } from '../draft/secrets.ts';
import { hole } from '../draft/texts.ts';
import type { Correlation } from './correlation.ts';

/** What fills the texts of one step: values saved before it, and the environment for secrets. */
export interface Fillings {
  /** A value under its name. */
  value(name: string, value: string): string;
  /** The hole for a whole value; undefined where it stays as it is, or only parts of it do not. */
  whole(name: string, value: string): string | undefined;
  text(text: string): string;
}

export function fillingsOf(at: number, correlation: Correlation, secrets: Secrets): Fillings {
  const whole = (name: string, value: string): string | undefined => {
    const saved = correlation.nameOf(value, at);
    if (saved !== undefined) return hole(saved);
    return isSecretName(name) ? secrets.holeFor(value) : undefined;
  };
  const text = (each: string): string => secrets.conceal(correlation.fill(each, at));
  return {
    whole,
    text,
    value: (name, value) => whole(name, value) ?? text(value),
  };
}

import { describe, expect, it } from 'vitest';
import { secretsOf, withoutSecrets } from '../../../src/load/resources/secrets.ts';

function cleaned(text: string, ...addresses: string[]): string {
  return withoutSecrets(text, secretsOf([...addresses, undefined]));
}

describe('withoutSecrets()', () => {
  it('hides passwords as they are written and as they are meant', () => {
    const address = 'postgresql://ann:p%40ss%2Fword@db:5432/app';
    expect(cleaned('for ann: p%40ss%2Fword or p@ss/word at db', address)).toBe('for ann: *** or *** at db');
  });

  it('hides the query of an address, whole and value by value', () => {
    const url = new URL('http://app/metrics?token=abcdefgh&x=1');
    expect(withoutSecrets('GET /metrics?token=abcdefgh&x=1, got abcdefgh 1', secretsOf([url]))).toBe(
      'GET /metrics?***, got *** 1',
    );
  });

  it('leaves nothing of a secret that another one is a part of', () => {
    expect(cleaned('secretly', 'a://u:secret@h', 'a://u:secretly@h')).toBe('***');
  });

  it('bears a password that is wrongly escaped, a path and no address at all', () => {
    expect(cleaned('at %E0%A4%A', 'redis://u:%E0%A4%A@h', '/run/valkey.sock')).toBe('at ***');
  });
});

import { describe, expect, it } from 'vitest';
import { readPlan, refusal } from './files.ts';

const yaml = `target: http://127.0.0.1:1
scenarios: { buy: { script: buy.ts } }
load: [{ hold: { users: 1, for: 1s } }]
`;
const buy = `import { login } from './login.ts';
export default async (user: { env(name: string): string }) => { login(user); user.env("STAGE"); };
`;
const login = `export const login = (user: { env(name: string): string }): string =>
  user.env('API_TOKEN') + user.env(
    'API_TOKEN',
  );
`;
const beside = { 'buy.ts': buy, 'login.ts': login };

describe('what a script takes from the environment', () => {
  it('is known before the run, as a secret, and nothing else of it is', async () => {
    const env = { API_TOKEN: 't0ken', STAGE: 'blue', OTHER: 'other' };
    const plan = await readPlan(yaml, { env }, beside);
    expect(plan.environment).toEqual({ API_TOKEN: 't0ken', STAGE: 'blue' });
    expect(plan.secrets?.toSorted()).toEqual(['blue', 't0ken']);
    const alone = await readPlan(
      buy,
      { env, target: 'http://127.0.0.1:1', rate: '1' },
      { 'login.ts': login },
      'buy.ts',
    );
    expect(alone.environment).toEqual(plan.environment);
  });

  it('is a mistake where it is not there, told with the line that asks for it', async () => {
    const { code, problems } = await refusal(yaml, { env: { STAGE: 'blue' } }, beside);
    expect([code, problems]).toEqual([
      'LOAD_FILE_INVALID',
      ["login.ts, line 2: uses env('API_TOKEN'), which is not in the environment"],
    ]);
  });
});

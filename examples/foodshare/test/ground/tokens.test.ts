import { expect, it } from 'vitest';
import { createTokenVerifier, issueToken } from '../../src/ground/tokens.ts';

it('knows somebody by one spelling of their id, whatever the token has', async () => {
  const secret = 'x'.repeat(32);
  const userId = crypto.randomUUID();
  const token = await issueToken({ userId: userId.toUpperCase(), secret });
  expect(await createTokenVerifier(secret)(token)).toEqual({ userId, roles: [] });
});

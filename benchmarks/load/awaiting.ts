/** The static GET as a scenario in TypeScript: a request that is awaited, and a check. */
import { defineScenario } from 'loadline/load';

const reader = defineScenario(async (user) => {
  const answer = await user.get('/');
  user.check('status is 200', answer.status === 200);
});

export const config: object = {
  scenarios: { reader: { script: reader } },
  load: [{ hold: { users: 64, for: '6s' } }],
};

/** The users of idle-users.yaml as a scenario in TypeScript. */
import { defineScenario } from 'loadline/load';

const reader = defineScenario(async (user) => {
  await user.get('/');
  await user.think(10_000);
});

export const config: object = {
  scenarios: { reader: { script: reader } },
  load: [{ ramp: { users: 10_000, over: '10s' } }, { hold: { for: '25s' } }],
};

/** A scenario with work of its own before each request: as much as workers.ts has found to take 100 µs. */
import { defineScenario } from 'loadline/load';

const rounds = Number(process.env.LOADLINE_BENCH_ROUNDS);

const worker = defineScenario(async (user) => {
  const drawn = work(rounds);
  const answer = await user.get('/');
  user.check('status is 200', answer.status === 200 && drawn !== 0);
});

export const config: object = {
  scenarios: { worker: { script: worker } },
  load: [{ hold: { users: 64, for: '6s' } }],
};

/** The same amount of work always, whoever else wants the core: random numbers by xorshift. */
export function work(rounds: number): number {
  let state = 1;
  for (let round = 0; round < rounds; round++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}

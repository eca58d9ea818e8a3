/** A scenario with work of its own: 100 µs of CPU time before each request, whoever else wants the core. */
import { defineScenario } from 'loadline/load';

const worker = defineScenario(async (user) => {
  work(100);
  const answer = await user.get('/');
  user.check('status is 200', answer.status === 200);
});

export const config: object = {
  scenarios: { worker: { script: worker } },
  load: [{ hold: { users: 64, for: '6s' } }],
};

function work(cpuUs: number): void {
  const from = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(from);
    if (user + system >= cpuUs) return;
  }
}

import { createVirtualClock } from 'loadline/base';
import { createSimulatedProxy } from 'loadline/traffic';
import { describeProxyDriver, portOf } from '../../contracts/proxy-driver-contract.ts';

describeProxyDriver('the simulated proxy', async () => {
  const clock = createVirtualClock();
  return {
    driver: createSimulatedProxy({ clock }),
    start: async (id) => ({
      upstream: { id, host: '127.0.0.1', port: portOf(id) },
      waiting: 0,
      release: () => undefined,
    }),
    pass: () => clock.advance(100),
    send: undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
});

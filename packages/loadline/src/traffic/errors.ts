import { errorsOf } from '../base/index.ts';

/** What can go wrong where requests are spread, shed and drained. */
export const trafficErrorTable = {
  TRAFFIC_OPTIONS_INVALID: {
    means: 'What was asked for cannot work: the message names each option with what is wrong with it.',
    remedy: 'Correct every option that the message names.',
  },
  TRAFFIC_TOO_OFTEN: {
    means: 'Somebody asks more often than a limit of the service allows; answered with 429.',
    remedy: 'Wait for as long as Retry-After says; the message names the limit.',
  },
  TRAFFIC_SHED: {
    means:
      'The service has as many requests as it can work on, and sheds what matters least; answered with 503.',
    remedy: 'Wait for as long as Retry-After says; more instances, or quicker ones, take more.',
  },
  TRAFFIC_OVERDUE: {
    means: 'The time that a request had was over before its work began; answered with 504.',
    remedy: 'Look at where the time went before it came; whoever asked no longer waits.',
  },
  TRAFFIC_CLOSE_OVERDUE: {
    means: 'Something that a stopping service holds open did not close in time, and was left open.',
    remedy: 'Find out what it waits for; closeMs sets the limit.',
  },
  TRAFFIC_PROXY_UNREACHABLE: {
    means: 'A proxy does not answer at the address where it takes orders, or breaks off.',
    remedy:
      'Check that it runs and where it takes orders; what it has goes on meanwhile, and it is brought in step when it is back.',
  },
  TRAFFIC_PROXY_REFUSED: {
    means: 'A proxy answered that it does not do what was asked.',
    remedy: 'The message has its own words; mend what they name.',
  },
  TRAFFIC_UPSTREAM_INVALID: {
    means: 'An upstream has a name, an address or a weight that no proxy can be told.',
    remedy: 'Correct what the message names; docs/reference/traffic.md says what may stand there.',
  },
  TRAFFIC_CONFIGURATION_REFUSED: {
    means: 'A proxy does not take the configuration that was written for it; it goes on with the one before.',
    remedy: 'The message has its own words: mend the options from which the configuration is written.',
  },
  TRAFFIC_POOL_FULL: {
    means: 'A pool has as many upstreams as it takes.',
    remedy: 'Let others leave first, or open a pool for each service.',
  },
  TRAFFIC_SUPERSEDED: {
    means: 'An upstream was to join while somebody waited for its leave, or the other way round.',
    remedy: 'Look at who gives orders for it: one instance has one owner.',
  },
  TRAFFIC_POOL_CLOSED: {
    means: 'This pool was closed; its proxies go on with what they have.',
    remedy: 'Close a pool after whoever uses it.',
  },
} as const;

/** Creates an error of this room. */
export const trafficError: ReturnType<typeof errorsOf<typeof trafficErrorTable>> =
  errorsOf(trafficErrorTable);

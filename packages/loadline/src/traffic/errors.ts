import { errorsOf } from '../base/index.ts';

/** What can go wrong where requests are spread, shed and drained. */
export const trafficErrorTable = {
  TRAFFIC_PROXY_UNREACHABLE: {
    means: 'A proxy does not answer at the address where it takes orders, or breaks off.',
    remedy:
      'Check that it runs and where it takes orders; what it has goes on meanwhile, and it is brought in step when it is back.',
  },
  TRAFFIC_PROXY_REFUSED: {
    means: 'A proxy answered that it does not do what was asked.',
    remedy: 'The message has its own words; mend what they name.',
  },
} as const;

export const trafficError: ReturnType<typeof errorsOf<typeof trafficErrorTable>> =
  errorsOf(trafficErrorTable);

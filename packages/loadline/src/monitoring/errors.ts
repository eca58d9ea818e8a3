import { errorsOf } from '../base/index.ts';

/** What can go wrong where alerts are judged and told. */
export const monitoringErrorTable = {
  MONITORING_ALERT_UNKNOWN: {
    means: 'There is no alert of this fingerprint that is pending or firing.',
    remedy: 'List the alerts anew: it may be over by now.',
  },
  MONITORING_INCIDENT_UNKNOWN: {
    means:
      'There is no incident of this id that this can be done to: only an open one can be taken, and notes can be added until an hour after its end.',
    remedy:
      'List the incidents anew, and check the id and the state; if the trouble is back, it has another incident.',
  },
  MONITORING_SILENCE_UNKNOWN: {
    means: 'There is no silence of this id.',
    remedy: 'List the silences anew: it may have ended by now.',
  },
  MONITORING_SILENCES_FULL: {
    means: 'There are as many silences as there may be.',
    remedy: 'End some, or match more alerts with one.',
  },
  MONITORING_NOTIFIER_INVALID: {
    means: 'A notifier cannot be used as it is set: its address, secret or a header is not valid.',
    remedy: 'Give an http: or https: address, a secret of at least 24 bytes, and headers with plain values.',
  },
  MONITORING_ADDRESS_REFUSED: {
    means: 'The host of a notifier resolves to an address that may not be reached.',
    remedy: 'Allow the host by name if it is yours; link-local and metadata addresses are never allowed.',
  },
  MONITORING_DELIVERY_REFUSED: {
    means: 'A receiver has seen a notification and would not have it, so that it was not tried again.',
    remedy: 'Check the address, the credentials and what the receiver expects.',
  },
  MONITORING_DELIVERY_FAILED: {
    means: 'A notification could not be delivered, although it was tried several times.',
    remedy: 'Check that the receiver runs and can be reached from here.',
  },
} as const;

/** Creates an error of this room. */
export const monitoringError: ReturnType<typeof errorsOf<typeof monitoringErrorTable>> =
  errorsOf(monitoringErrorTable);

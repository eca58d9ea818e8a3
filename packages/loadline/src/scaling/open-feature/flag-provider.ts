import {
  type EvaluationContext,
  FlagNotFoundError,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  ProviderNotReadyError,
  type ResolutionDetails,
  StandardResolutionReasons,
  TargetingKeyMissingError,
  TypeMismatchError,
} from '@openfeature/server-sdk';
import { evaluateFlag, type FlagAnswer } from '../flags/evaluate-flag.ts';
import type { Flag, FlagType } from '../flags/flag.ts';
import type { FlagChange, FlagSource } from '../flags/flag-source.ts';

/**
 * The flags of a source for OpenFeature's clients. The provider is stale while the source is, and says so by its
 * events; a flag that is not enabled leaves it to whoever asks. When the provider is closed, so is the source.
 *
 * @example
 * await OpenFeature.setProviderAndWait(createFlagProvider(await openFileFlags({ clock, path: 'flags.yaml' })));
 */
export function createFlagProvider(source: FlagSource): Provider {
  const events = new OpenFeatureEventEmitter();
  const unhear = source.onChange((change) => tell(events, change));
  const resolve = async <Value>(
    type: FlagType,
    name: string,
    otherwise: Value,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<Value>> => {
    const flag = findFlag(source, name, type);
    const answer = evaluateFlag(flag, context);
    if (answer.kind === 'disabled') return { value: otherwise, reason: StandardResolutionReasons.DISABLED };
    if (answer.kind === 'no key')
      throw new TargetingKeyMissingError(`${name} deals out shares of targeting keys.`);
    return { value: answer.value as Value, variant: answer.variant, reason: reasonOf(answer, source) };
  };
  return {
    metadata: { name: `loadline flags of ${source.name}` },
    runsOn: 'server',
    events,
    async initialize() {
      const { status } = source;
      if (status.kind === 'never read') throw new ProviderNotReadyError(status.because);
    },
    async onClose() {
      unhear();
      await source.close();
    },
    resolveBooleanEvaluation: (name, otherwise, context) => resolve('boolean', name, otherwise, context),
    resolveStringEvaluation: (name, otherwise, context) => resolve('string', name, otherwise, context),
    resolveNumberEvaluation: (name, otherwise, context) => resolve('number', name, otherwise, context),
    resolveObjectEvaluation: <Value extends JsonValue>(
      name: string,
      otherwise: Value,
      context: EvaluationContext,
    ) => resolve('object', name, otherwise, context),
  };
}

function findFlag({ flags, status, name: place }: FlagSource, name: string, type: FlagType): Flag {
  const flag = flags.get(name);
  if (flag === undefined) {
    if (status.kind === 'never read') throw new ProviderNotReadyError(status.because);
    throw new FlagNotFoundError(`${place} has no flag ${name}.`);
  }
  if (flag.type !== type) throw new TypeMismatchError(`${name} is of the type ${flag.type}, not ${type}.`);
  return flag;
}

const reasons = {
  static: StandardResolutionReasons.STATIC,
  match: StandardResolutionReasons.TARGETING_MATCH,
  split: StandardResolutionReasons.SPLIT,
  default: StandardResolutionReasons.DEFAULT,
} as const;

/** That it may be out of date says more than which rule it was. */
function reasonOf({ reason }: Extract<FlagAnswer, { kind: 'value' }>, { status }: FlagSource): string {
  return status.kind === 'stale' ? StandardResolutionReasons.STALE : reasons[reason];
}

function tell(events: OpenFeatureEventEmitter, change: FlagChange): void {
  if (change.kind === 'changed') {
    events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [...change.names] });
  } else if (change.kind === 'stale') {
    events.emit(ProviderEvents.Stale, { message: change.because });
  } else {
    events.emit(ProviderEvents.Ready);
  }
}

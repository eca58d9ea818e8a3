import { readFileSync } from 'node:fs';
import { type Clock, type Field, isLoadlineError } from 'loadline/base';
import { listProblems, readText } from 'loadline/base/source';
import { type AlertPolicy, type Notifier, type NotifierRoute, parseAlertRules } from 'loadline/monitoring';
import {
  createAlertmanagerNotifier,
  createLogNotifier,
  createWebhookNotifier,
} from 'loadline/monitoring/notifiers';

/** By which rules is watched, and who is told. */
export interface AlertingConfiguration {
  readonly policy: AlertPolicy;
  /** Addresses of webhooks; they may hold what lets one in, and are not shown. */
  readonly webhooks: readonly string[];
  /** By which webhooks know that it is us; absent: nothing is signed. */
  readonly webhookSecret: string | undefined;
  readonly alertmanagers: readonly string[];
  /** Webhooks of whom is told what nobody took: the first from the first of `escalate_after` on, and so on. */
  readonly escalations: readonly string[];
}

const receiversMax = 10;

/** Reads `--rules`, `--notify-webhook`, `--escalate-webhook`, `--alertmanager` and `LOADLINE_WEBHOOK_SECRET`. */
export function readAlerting(root: Field): AlertingConfiguration {
  const secret = root.at('LOADLINE_WEBHOOK_SECRET');
  const webhookSecret = secret.value === undefined || secret.value === '' ? undefined : secret.string();
  const policy = root.at('rules').value === undefined ? builtIn() : readRulesFile(root.at('rules'));
  const makeWebhook = (url: string): Notifier => createWebhookNotifier({ url, ...withSecret(webhookSecret) });
  const escalations = readReceivers(root.at('escalate-webhook'), makeWebhook);
  const levels = policy.escalateAfterMs.length;
  if (escalations.length > levels)
    root
      .at('escalate-webhook')
      .problem(`is given ${escalations.length} times, and escalate_after of the rules has ${levels} times`);
  return {
    policy,
    webhooks: readReceivers(root.at('notify-webhook'), makeWebhook),
    webhookSecret,
    escalations,
    alertmanagers: readReceivers(root.at('alertmanager'), (url) => createAlertmanagerNotifier({ url })),
  };
}

/** Whoever is to be told, the log always, and others only of what nobody took for so long. */
export function createRoutes(
  { webhooks, webhookSecret, alertmanagers, escalations }: AlertingConfiguration,
  { clock, write }: { readonly clock: Clock; readonly write: (line: string) => void },
): readonly NotifierRoute[] {
  // The machine's owner wrote them down: they may be anywhere but where nobody may go.
  const addresses = { allowLoopback: true, allowPrivate: true };
  const webhookAt = (url: string): Notifier =>
    createWebhookNotifier({ url, clock, addresses, ...withSecret(webhookSecret) });
  const told = [
    createLogNotifier(write),
    ...webhooks.map(webhookAt),
    ...alertmanagers.map((url) => createAlertmanagerNotifier({ url, clock, addresses })),
  ];
  return [
    ...told.map((notifier) => ({ notifier })),
    ...escalations.map((url, at) => ({ notifier: webhookAt(url), fromLevel: at + 1 })),
  ];
}

function withSecret(secret: string | undefined): { secret?: string } {
  return secret === undefined ? {} : { secret };
}

/** Where there is no file: the built-in rules. */
export function builtIn(): AlertPolicy {
  const parsed = parseAlertRules({ use: ['foodshare'] });
  if (!parsed.ok) throw new Error('The built-in rules are no rules.');
  return parsed.value;
}

/** Every mistake of the file is told, each with its place in it. */
function readRulesFile(field: Field): AlertPolicy {
  const path = field.string();
  const tell = (said: string): void => field.problem(`${path}: ${said}`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    tell(code === 'ENOENT' ? 'there is no such file' : message);
    return builtIn();
  }
  const source = readText(path, text);
  const parsed = parseAlertRules(source.value);
  const problems = listProblems(source, parsed.ok ? [] : parsed.problems);
  for (const problem of problems) tell(problem);
  return parsed.ok && problems.length === 0 ? parsed.value : builtIn();
}

/** Makes each once, to find out what is wrong with it; messages show no address and no secret. */
function readReceivers(field: Field, make: (url: string) => Notifier): readonly string[] {
  if (field.value === undefined) return [];
  const urls = field.array((item) => {
    const url = item.string();
    try {
      make(url);
    } catch (error) {
      if (!isLoadlineError(error, 'MONITORING_NOTIFIER_INVALID')) throw error;
      for (const problem of error.facts.problems as readonly string[])
        item.problem(`cannot be used: ${problem}`);
    }
    return url;
  });
  if (urls.length > receiversMax) field.problem(`may be given at most ${receiversMax} times`);
  return urls;
}

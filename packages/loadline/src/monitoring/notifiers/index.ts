/** Tells the outside of alerts: a log, a webhook, Alertmanager. */
export type { AlertmanagerOptions } from './alertmanager.ts';
export { createAlertmanagerNotifier } from './alertmanager.ts';
export type { NotifierTarget } from './destination.ts';
export { createLogNotifier } from './log.ts';
export { isSignatureValid } from './signature.ts';
export type { WebhookOptions } from './webhook.ts';
export { createWebhookNotifier } from './webhook.ts';

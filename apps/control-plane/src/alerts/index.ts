/** What is wrong, by which rules, who was told, and who works on it. */
export { alertHandlers } from './alert-handlers.ts';
export {
  type AlertingConfiguration,
  builtIn,
  createRoutes,
  readAlerting,
} from './alerting-words.ts';
export { Alerts } from './alerts.ts';
export { observeAlerts } from './observe-alerts.ts';

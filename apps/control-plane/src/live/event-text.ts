/** One event in the form of server-sent events. `data` is JSON, which has no line breaks. */
export function eventText({
  id,
  event,
  data,
}: {
  readonly id?: string;
  readonly event: string;
  readonly data: string;
}): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`;
}

/** For whoever stands between, and takes a silent connection for a dead one. */
export const heartbeatText = ': still here\n\n';

/** After a break a browser comes again this soon. */
export const greetingText = 'retry: 3000\n\n';

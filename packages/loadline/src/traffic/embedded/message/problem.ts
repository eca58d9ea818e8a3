import type { ProxyProblem } from './answer.ts';

/** The proxy's own answer as problem details (RFC 9457), whole. */
export function problemText(problem: ProxyProblem, { closes, isHead }: ProblemFraming): string {
  const { status, detail, retryAfterSeconds } = problem;
  const title = titles[status] ?? 'Error';
  const body = `${JSON.stringify({ type: 'about:blank', title, status, detail })}\n`;
  return (
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\n` +
    `content-length: ${body.length}\r\ncache-control: no-store\r\n` +
    (retryAfterSeconds === undefined ? '' : `retry-after: ${retryAfterSeconds}\r\n`) +
    `${closes ? 'connection: close\r\n' : ''}\r\n${isHead ? '' : body}`
  );
}

export interface ProblemFraming {
  readonly closes: boolean;
  /** Whether HEAD was asked, which is answered without a body. */
  readonly isHead: boolean;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
};

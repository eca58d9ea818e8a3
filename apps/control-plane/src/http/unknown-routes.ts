import type { FastifyInstance } from 'fastify';
import { show } from 'loadline/base';
import { operationNames, operations } from '../contract/index.ts';
import { Problem } from '../problems/index.ts';
import { answerProblem } from './answer-problems.ts';

/** Answers what no operation answers: 404, and 405 where another method would do. Such requests are counted too. */
export function refuseUnknown(app: FastifyInstance): void {
  const known = patternsOfPaths();
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => {
    const path = request.url.split('?', 1)[0] as string;
    const methods = known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
    answerProblem(methods.length === 0 ? nothingAt(path) : otherMethod(methods), request, reply);
  });
}

function patternsOfPaths(): { readonly method: string; readonly pattern: RegExp }[] {
  return operationNames.map((name) => {
    const { method, path } = operations[name];
    const source = path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+');
    return { method, pattern: new RegExp(`^${source}$`) };
  });
}

function nothingAt(path: string): Problem {
  const said = `There is nothing at ${show(path)}; /docs has all that there is.`;
  return new Problem('CONTROL_PLANE_NOT_FOUND', said);
}

function otherMethod(methods: readonly string[]): Problem {
  const allow = [...new Set(methods.flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each])))].join(
    ', ',
  );
  return new Problem('CONTROL_PLANE_METHOD_NOT_ALLOWED', `Only ${allow} is possible here.`, {
    headers: { allow },
  });
}

import { type Field, parse } from '../../base/index.ts';
import { acceptAnswer, type Kubernetes } from '../../kubernetes/index.ts';
import { pathOfWorkload, type WholeWorkload } from './workload.ts';

/** The pod template of a workload, and how far its controller is with it. */
export interface TemplateStatus {
  readonly resourceVersion: string;
  /** One more with each change of what is wanted, and the one that the controller has seen: what it says belongs to that. */
  readonly generation: number;
  readonly observedGeneration: number;
  readonly wanted: number;
  /** Pods, those of them that are of the present template, and those that take requests. */
  readonly pods: number;
  readonly updated: number;
  readonly available: number;
  /** When its pods were last to be replaced, as it stands in the template; undefined where they never were. */
  readonly restartedAt: string | undefined;
  /** What another template would do instead of replacing its pods one after the other; undefined where it would do that. */
  readonly obstacle: string | undefined;
  /** What its controller says that it has given up for; undefined where it has not. */
  readonly failure: string | undefined;
}

/** That of kubectl, so that both mean the same. */
const annotation = 'kubectl.kubernetes.io/restartedAt';

/** @throws KUBERNETES_ANSWER_INVALID, and what the API server says. */
export async function readTemplate(
  kubernetes: Kubernetes,
  workload: WholeWorkload,
  signal: AbortSignal,
): Promise<TemplateStatus> {
  const answer = await kubernetes.get(pathOfWorkload(workload), {}, signal);
  return acceptAnswer(`a ${workload.kind}`, parse(answer, templateIn));
}

/**
 * Has every pod replaced, unless anything of the workload has changed since it was read.
 *
 * @throws KUBERNETES_CONFLICT, and what else the API server says.
 */
export async function writeRestart(
  kubernetes: Kubernetes,
  {
    workload,
    resourceVersion,
    restartedAt,
  }: { workload: WholeWorkload; resourceVersion: string; restartedAt: string },
  signal: AbortSignal,
): Promise<void> {
  const template = { metadata: { annotations: { [annotation]: restartedAt } } };
  const body = { metadata: { resourceVersion }, spec: { template } };
  await kubernetes.send({ method: 'PATCH', path: pathOfWorkload(workload), body }, signal);
}

function templateIn(root: Field): TemplateStatus {
  const [metadata, spec, status] = [root.at('metadata'), root.at('spec'), root.at('status')];
  const replicas = spec.at('replicas');
  const restartedAt = spec.at('template').at('metadata').at('annotations').at(annotation);
  return {
    resourceVersion: metadata.at('resourceVersion').string(),
    generation: countIn(metadata.at('generation')),
    observedGeneration: countIn(status.at('observedGeneration')),
    wanted: replicas.value === undefined ? 1 : countIn(replicas),
    pods: countIn(status.at('replicas')),
    updated: countIn(status.at('updatedReplicas')),
    available: countIn(status.at('availableReplicas')),
    restartedAt: restartedAt.value === undefined ? undefined : restartedAt.string({ nonEmpty: false }),
    obstacle: obstacleIn(spec),
    failure: failureIn(status.at('conditions')),
  };
}

/** What is nothing is left out. */
function countIn(field: Field): number {
  return field.value === undefined ? 0 : field.number({ atLeast: 0, whole: true });
}

function obstacleIn(spec: Field): string | undefined {
  if (spec.at('strategy').at('type').value === 'Recreate')
    return 'end all of its pods before it starts others: its strategy is Recreate';
  const left = whatIsLeft(spec);
  return left === undefined ? undefined : `not replace all of its pods: ${left}`;
}

function whatIsLeft(spec: Field): string | undefined {
  if (spec.at('paused').value === true) return 'it is paused';
  const strategy = spec.at('updateStrategy');
  if (strategy.at('type').value === 'OnDelete') return 'its updateStrategy is OnDelete';
  const partition = countIn(strategy.at('rollingUpdate').at('partition'));
  return partition > 0 ? `its partition of ${partition} keeps the pods below it` : undefined;
}

/** A deployment that has made no progress within its `progressDeadlineSeconds`. */
function failureIn(conditions: Field): string | undefined {
  if (conditions.value === undefined || conditions.value === null) return undefined;
  const found = conditions.array((each) => each);
  const late = found.find((each) => each.at('reason').value === 'ProgressDeadlineExceeded');
  return late?.at('message').string({ nonEmpty: false }).replace(/\.$/, '');
}

/** Reaches the API server of Kubernetes the right way, as a pod does or from outside: reads, changes, and follows pods by their labels. */
export { apiAddress, type KubernetesAccess, podAccess } from './access.ts';
export { acceptAnswer } from './answer.ts';
export { kubernetesError, kubernetesErrorTable } from './errors.ts';
export {
  type Change,
  createKubernetes,
  type Kubernetes,
  type KubernetesOptions,
  type Query,
} from './kubernetes.ts';
export { selectorProblem } from './label-selector.ts';
export type { Pod, PodPort } from './pod.ts';
export { type PodWatch, type PodWatchCounts, type PodWatchOptions, watchPods } from './pod-watch.ts';

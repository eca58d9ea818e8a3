/** Scales workloads of Kubernetes, and lets one of several processes do it. */
export {
  createKubernetesDriver,
  type KubernetesDriver,
  type KubernetesDriverOptions,
} from './kubernetes-driver.ts';
export { createLeaseBook, type LeaseBookOptions } from './lease-book.ts';
export type { Workload } from './workload.ts';

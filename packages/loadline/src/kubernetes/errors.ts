import { errorsOf } from '../base/index.ts';

/** What can go wrong on the way to the API server of Kubernetes and back. */
export const kubernetesErrorTable = {
  KUBERNETES_UNREACHABLE: {
    means: 'The API server cannot be reached, does not answer in time, or breaks off.',
    remedy: 'Check the address, the certificate authority and the network between; it is tried again.',
  },
  KUBERNETES_REFUSED: {
    means: 'The API server does not know the token, or its account may not do this.',
    remedy: 'Check the token file, and the Role that is bound to the account.',
  },
  KUBERNETES_NOT_FOUND: {
    means: 'What was asked for is not there, or the API server has nothing of this kind.',
    remedy: 'Check the name, the namespace and the apiVersion.',
  },
  KUBERNETES_CONFLICT: {
    means: 'Somebody else has changed it since it was read, or has made it first.',
    remedy: 'Read it again and decide anew; whoever scales does.',
  },
  KUBERNETES_EXPIRED: {
    means: 'What happened since then is not kept any more.',
    remedy: 'List anew; whoever follows pods does.',
  },
  KUBERNETES_FAILED: {
    means: 'The API server answered that it could not.',
    remedy: 'The message has its reason.',
  },
  KUBERNETES_ANSWER_INVALID: {
    means: 'What came is not what the API of Kubernetes answers, or is larger than is read.',
    remedy: 'Check that the address is that of an API server.',
  },
} as const;

/** Creates an error of this room. */
export const kubernetesError: ReturnType<typeof errorsOf<typeof kubernetesErrorTable>> =
  errorsOf(kubernetesErrorTable);

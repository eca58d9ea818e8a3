/** How a proxy before a service stands. */
export interface ProxyView {
  readonly name: string;
  /** Where it takes requests, where it is one of ours. */
  readonly url?: string;
  readonly isAnswering: boolean;
  readonly trouble?: string;
}

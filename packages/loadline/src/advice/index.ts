/** Findings in, ranked recommendations out, each with evidence and a before and after. */
export {};

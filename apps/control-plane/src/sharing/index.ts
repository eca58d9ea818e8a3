/** Work that is done once for many who ask for the same at a time. */
export { isShared, SharedAnswers } from './shared-answers.ts';

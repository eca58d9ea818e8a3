/**
 * What the one method of a class returns that is named like `getWeddingLoadTestScenarios`. The class is not
 * constructed: what its constructor wants, or begins, is not known here.
 */
export async function scenariosOfClass(
  given: abstract new () => object,
): Promise<{ readonly value: unknown } | { readonly problem: string }> {
  const methods = given.prototype as Readonly<Record<string, unknown>>;
  const getters = Object.getOwnPropertyNames(methods).filter((name) => /^get\w*Scenarios$/.test(name));
  const [getter] = getters;
  const exports = `exports the class ${given.name}`;
  if (getter === undefined || getters.length > 1)
    return {
      problem: `${exports}, which must have one method like getLoadTestScenarios, and has ${getters.join(', ') || 'none'}; or export a scenario: \`export default defineScenario(…)\``,
    };
  try {
    const instance = Object.create(methods) as Record<string, () => unknown>;
    return { value: await instance[getter]?.() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: `${exports}, whose ${getter} needs more than the class has by itself: ${reason}` };
  }
}

import { type Registry, type RenderOptions, renderPrometheus } from 'loadline/metrics';

/** All slices of the rendered registry, one after the other. */
export async function slicesOf(registry: Registry, options?: RenderOptions): Promise<string[]> {
  const slices: string[] = [];
  for await (const slice of renderPrometheus(registry, options)) slices.push(slice);
  return slices;
}

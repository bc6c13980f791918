import type { Coverage, Protocol } from '../api.ts';
import type { Tree } from './tree.ts';

/** Counts the parameters of each top-level component: in the schema, from mapping files, from code. */
export function coverageOf(tree: Tree, protocol: Protocol): Coverage[] {
  const view = tree.view(protocol);
  const components = new Map<string, { schema: number; mapped: number; handler: number }>();
  for (const path of view.below('Device.')) {
    const definition = view.object(path);
    if (!definition) continue;
    const component = path === 'Device.' ? path : `${path.split('.').slice(0, 2).join('.')}.`;
    const count = components.get(component) ?? { schema: 0, mapped: 0, handler: 0 };
    components.set(component, count);
    count.schema += definition.parameters.length;
    const supported = tree.supported(protocol).object(path);
    const binding = tree.binding(path);
    for (const { name } of supported?.parameters ?? []) {
      if (binding?.mapped?.parameters.has(name) && !binding.parameters.has(name)) count.mapped++;
      else count.handler++;
    }
  }
  return [...components].map(([component, count]) => ({ component, ...count }));
}

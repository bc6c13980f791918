import type { ParameterInfo } from '#model';
import type { AcsModel } from '../view/index.ts';

/** Parameters that are there once, outside of all tables. Tables are not looked into: nearly all of the model is in them. */
export function* singleParameters(model: AcsModel): Generator<{ readonly path: string; readonly info: ParameterInfo }> {
  const supported = model.supported('cwmp');
  for (const path of supported.paths(model.root)) {
    if (path.includes('{i}')) continue;
    for (const info of supported.object(path)?.parameters ?? []) yield { path, info };
  }
}

import type { ParameterInfo } from '#model';
import type { AcsModel } from '../view/index.ts';

/** Parameters, outside of all tables, that an Inform may hold without the ACS having asked for them, and some beside them. */
export function* unaskedParameters(
  model: AcsModel,
): Generator<{ readonly path: string; readonly info: ParameterInfo }> {
  const supported = model.supported('cwmp');
  for (const path of supported.unasked()) {
    if (path.includes('{i}')) continue;
    for (const info of supported.object(path)?.parameters ?? []) yield { path, info };
  }
}

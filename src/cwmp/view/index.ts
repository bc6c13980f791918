import type { Log } from '#base';
import type { Model } from '#model';
import type { StateStore } from '#platform';
import { type AcsModel, tr181View } from './acs-model.ts';

export { type AcsModel, postponing } from './acs-model.ts';

/** Roots that an ACS can be shown (`option root` of the configuration). */
export type Root = 'Device' | 'InternetGatewayDevice';

/** What the ACS sees; the room of another root than TR-181's is loaded only when it is wanted. */
export async function openAcsModel(root: Root, model: Model, state: StateStore, log: Log): Promise<AcsModel> {
  if (root === 'Device') return tr181View(model);
  const { tr098View } = await import('./tr098/view.ts');
  return tr098View(model, state, log);
}

import type { Log } from '#base';
import type { Model } from '#model';
import type { StateStore } from '#platform';
import { type AcsModel, tr181View } from './acs-model.ts';
import { tr098View } from './tr098/view.ts';

export { type AcsModel, postponing } from './acs-model.ts';

/** Roots that an ACS can be shown (`option root` of the configuration). */
export type Root = 'Device' | 'InternetGatewayDevice';

/** What the ACS sees. */
export async function openAcsModel(root: Root, model: Model, state: StateStore, log: Log): Promise<AcsModel> {
  if (root === 'Device') return tr181View(model);
  return tr098View(model, state, log);
}

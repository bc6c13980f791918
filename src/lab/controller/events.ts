import type { Body, Notify } from '#usp';
import { shownSetting } from '../shown-setting.ts';
import type { Over } from './route.ts';

/** What a person who looks at the controller sees, as it happens. */
export type ControllerEvent =
  | { readonly kind: 'connected'; readonly agent: string; readonly over: Over }
  | { readonly kind: 'disconnected'; readonly agent: string; readonly reason: string }
  | { readonly kind: 'request' | 'answer'; readonly agent: string; readonly body: Body }
  | { readonly kind: 'notify'; readonly agent: string; readonly notify: Notify }
  | { readonly kind: 'refused'; readonly reason: string };

/** One line. @param who four letters at most: which controller it is */
export function formatControllerEvent(event: ControllerEvent, who = 'USP'): string {
  const name = who.padEnd(4);
  switch (event.kind) {
    case 'connected':
      return `${name} <- ${event.agent} is connected over ${event.over}`;
    case 'disconnected':
      return `${name}    ${event.agent} is gone (${event.reason})`;
    case 'request':
      return `${name} -> ${describe(event.body)}`;
    case 'answer':
      return `${name} <- ${describe(event.body)}`;
    case 'notify':
      return `${name} <- Notify ${event.notify.subscriptionId}: ${describeNotify(event.notify)}`;
    case 'refused':
      return `${name} !! ${event.reason}`;
  }
}

function describe(body: Body): string {
  if (body.kind === 'error') {
    const about = body.error.paramErrs.map(({ paramPath, errCode }) => ` ${paramPath} ${errCode}`).join('');
    return `Error ${body.error.errCode} ${body.error.errMsg}${about}`;
  }
  if (body.kind === 'request') {
    const { get, set, add, operate } = body.request;
    const name = Object.keys(body.request)[0]!;
    if (get) return `Get ${get.paramPaths.join(' ')}`;
    if (set) {
      const settings = set.updateObjs.flatMap(({ objPath, paramSettings }) =>
        paramSettings.map(({ param, value }) => shownSetting(`${objPath}${param}`, value)),
      );
      return `Set ${settings.join(' ')}`;
    }
    if (add) return `Add ${add.createObjs.map(({ objPath }) => objPath).join(' ')}`;
    if (operate) return `Operate ${operate.command}`;
    return name.replace(/^./, (letter) => letter.toUpperCase());
  }
  const { getResp, addResp } = body.response;
  if (getResp) {
    const values = getResp.reqPathResults.flatMap(({ resolvedPathResults }) =>
      resolvedPathResults.flatMap(({ resolvedPath, resultParams }) =>
        Object.entries(resultParams).map(([param, value]) => `${resolvedPath}${param}=${value}`),
      ),
    );
    return values.length <= 3 ? `GetResp ${values.join(' ')}` : `GetResp ${values.length} parameters`;
  }
  if (addResp) {
    const made = addResp.createdObjResults.map(
      ({ operStatus }) => operStatus?.operSuccess?.instantiatedPath ?? 'refused',
    );
    return `AddResp ${made.join(' ')}`;
  }
  return Object.keys(body.response)[0]!.replace(/^./, (letter) => letter.toUpperCase());
}

function describeNotify(notify: Notify): string {
  if (notify.valueChange) return `${notify.valueChange.paramPath}=${notify.valueChange.paramValue}`;
  if (notify.event) return `${notify.event.objPath}${notify.event.eventName} ${JSON.stringify(notify.event.params)}`;
  if (notify.objCreation) return `created ${notify.objCreation.objPath}`;
  if (notify.objDeletion) return `deleted ${notify.objDeletion.objPath}`;
  return notify.operComplete ? `${notify.operComplete.objPath}${notify.operComplete.commandName} complete` : 'on board';
}

import type { ErrorBody } from '#usp';
import type { AcsAnswer, AcsRpc } from './acs/index.ts';
import type { Controller, ControllerAnswer } from './controller/index.ts';
import { takeLease } from './dhcp.ts';
import type { Lab } from './lab.ts';
import { transferCommand, transferHelp } from './transfer-commands.ts';

export const labHelp = `acs get PATH…             GetParameterValues        usp get PATH…
acs set PARAMETER=VALUE…  SetParameterValues        usp set PARAMETER=VALUE…
acs names PATH            GetParameterNames         usp instances PATH
acs add TABLE             AddObject                 usp add TABLE [NAME=VALUE…]
acs del ROW               DeleteObject              usp del ROW
acs watch PARAMETER       active notification       usp watch PATH   ValueChange subscription
acs reboot                                          usp operate COMMAND
${transferHelp}
acs reach udp|xmpp        connection request through a NAT
acs hear PARAMETER        lightweight notification
dhcp acs URL · dhcp gateway OUI SERIAL [CLASS] · dhcp nothing   what the lease of the uplink says
                                                    viewer …         the same, by the other controller
help                                                quit`;

class Mistake extends Error {}

/**
 * Runs one line of a person: `acs get Device.DeviceInfo.`.
 * @returns what to show; @throws Error for a mistake in the line
 */
export async function runLabCommand(lab: Lab, line: string): Promise<string> {
  const [who = '', verb = '', ...words] = line.trim().split(/\s+/);
  if (who === 'help' || who === '') return labHelp;
  if (who === 'acs') return acsCommand(lab, verb, words);
  if (who === 'usp') return uspCommand(lab, lab.controller, verb, words);
  if (who === 'dhcp') return dhcpCommand(lab, verb, words);
  if (who === 'viewer' && lab.viewer) return uspCommand(lab, lab.viewer, verb, words);
  throw new Mistake(`'${who}' is none of acs, dhcp, usp, ${lab.viewer ? 'viewer, ' : ''}help, quit`);
}

async function acsCommand(lab: Lab, verb: string, words: readonly string[]): Promise<string> {
  if (verb === 'reach') return reachCommand(lab, one(words));
  if (verb === 'hear') {
    await lab.reach.lightweight(one(words));
    return 'done';
  }
  const call = async (rpc: AcsRpc): Promise<AcsAnswer> => {
    const answered = lab.acs.call(lab.device, rpc);
    const status = await lab.requestConnection();
    if (status !== 200) throw new Error(`the device answered the connection request with ${status}`);
    return answered;
  };
  return (await transferCommand(lab, call, verb, words)) ?? showAcs(await call(acsRpc(verb, words)));
}

async function dhcpCommand({ router }: Lab, verb: string, words: readonly string[]): Promise<string> {
  const [oui, serialNumber, productClass] = words;
  if (verb === 'acs') await takeLease(router, { acs: { url: one(words) } });
  else if (verb === 'nothing') await takeLease(router, {});
  else if (verb === 'gateway' && oui !== undefined && serialNumber !== undefined) {
    await takeLease(router, { gateway: { oui, serialNumber, ...(productClass !== undefined && { productClass }) } });
  } else throw new Mistake('dhcp acs URL, dhcp gateway OUI SERIAL [CLASS], or dhcp nothing');
  return 'done';
}

async function reachCommand(lab: Lab, way: string): Promise<string> {
  if (way !== 'udp' && way !== 'xmpp') throw new Mistake(`'${way}' is neither udp nor xmpp`);
  const { at, inform } = way === 'udp' ? await lab.reach.overUdp() : await lab.reach.overXmpp();
  return `reached at ${at}: ${inform.events.map(({ code }) => code).join(', ')}`;
}

function acsRpc(verb: string, words: readonly string[]): AcsRpc {
  switch (verb) {
    case 'get':
      return { rpc: 'GetParameterValues', names: words };
    case 'names':
      return { rpc: 'GetParameterNames', path: words[0] ?? '', nextLevel: true };
    case 'set':
      return { rpc: 'SetParameterValues', values: pairs(words), parameterKey: 'lab' };
    case 'add':
      return { rpc: 'AddObject', path: one(words) };
    case 'del':
      return { rpc: 'DeleteObject', path: one(words) };
    case 'watch':
      return { rpc: 'SetParameterAttributes', attributes: [{ name: one(words), notification: 2 }] };
    case 'reboot':
      return { rpc: 'Reboot', commandKey: 'lab' };
    default:
      throw new Mistake(`acs ${verb} is not known; help lists what is`);
  }
}

function showAcs(answer: AcsAnswer): string {
  if (answer.fault) {
    const { code, text, parameters } = answer.fault;
    return [`fault ${code} ${text}`, ...parameters.map((p) => `  ${p.name}: ${p.code} ${p.text}`)].join('\n');
  }
  if (answer.values) return [...answer.values].map(([name, value]) => `${name}=${value}`).join('\n');
  if (answer.names) return [...answer.names].map(([name, writable]) => `${name}${writable ? ' W' : ''}`).join('\n');
  if (answer.instance !== undefined) return `instance ${answer.instance}`;
  return 'done';
}

async function uspCommand(
  { endpoint }: Lab,
  controller: Controller,
  verb: string,
  words: readonly string[],
): Promise<string> {
  switch (verb) {
    case 'get': {
      const answer = await controller.ask(endpoint, { get: { paramPaths: words, maxDepth: 0 } }, 'getResp');
      return show(answer, ({ reqPathResults }) =>
        reqPathResults.flatMap((path) =>
          path.errCode > 0
            ? [`${path.requestedPath}: ${path.errCode} ${path.errMsg}`]
            : path.resolvedPathResults.flatMap(({ resolvedPath, resultParams }) =>
                Object.entries(resultParams).map(([name, value]) => `${resolvedPath}${name}=${value}`),
              ),
        ),
      );
    }
    case 'set': {
      const updateObjs = pairs(words).map(({ name, value }) => {
        const dot = name.lastIndexOf('.') + 1;
        const paramSettings = [{ param: name.slice(dot), value, required: true }];
        return { objPath: name.slice(0, dot), paramSettings };
      });
      const answer = await controller.ask(endpoint, { set: { allowPartial: false, updateObjs } }, 'setResp');
      return show(answer, () => ['done']);
    }
    case 'add':
    case 'watch': {
      const settings =
        verb === 'add'
          ? pairs(words.slice(1))
          : [
              { name: 'Enable', value: 'true' },
              { name: 'NotifType', value: 'ValueChange' },
              { name: 'ReferenceList', value: one(words) },
            ];
      const objPath = verb === 'add' ? (words[0] ?? '') : 'Device.LocalAgent.Subscription.';
      const paramSettings = settings.map(({ name, value }) => ({ param: name, value, required: true }));
      const add = { allowPartial: false, createObjs: [{ objPath, paramSettings }] };
      const answer = await controller.ask(endpoint, { add }, 'addResp');
      return show(answer, ({ createdObjResults }) =>
        createdObjResults.map(({ operStatus }) => operStatus?.operSuccess?.instantiatedPath ?? 'not made'),
      );
    }
    case 'del': {
      const request = { delete: { allowPartial: false, objPaths: [one(words)] } };
      return show(await controller.ask(endpoint, request, 'deleteResp'), () => ['done']);
    }
    case 'instances': {
      const getInstances = { objPaths: words, firstLevelOnly: false };
      const answer = await controller.ask(endpoint, { getInstances }, 'getInstancesResp');
      return show(answer, ({ reqPathResults }) =>
        reqPathResults.flatMap(({ currInsts }) => currInsts.map(({ instantiatedObjPath }) => instantiatedObjPath)),
      );
    }
    case 'operate': {
      const operate = { command: one(words), commandKey: 'lab', sendResp: true, inputArgs: {} };
      return show(await controller.ask(endpoint, { operate }, 'operateResp'), () => ['done']);
    }
    default:
      throw new Mistake(`usp ${verb} is not known; help lists what is`);
  }
}

function show<Name extends Parameters<Lab['controller']['ask']>[2]>(
  answer: ControllerAnswer<Name>,
  lines: (value: Extract<ControllerAnswer<Name>, { ok: true }>['value']) => readonly string[],
): string {
  if (answer.ok) return lines(answer.value).join('\n');
  const { errCode, errMsg, paramErrs }: ErrorBody = answer.fault;
  return [`error ${errCode} ${errMsg}`, ...paramErrs.map((p) => `  ${p.paramPath}: ${p.errCode} ${p.errMsg}`)].join(
    '\n',
  );
}

function one(words: readonly string[]): string {
  if (words.length !== 1) throw new Mistake('one path is needed');
  return words[0]!;
}

function pairs(words: readonly string[]): { name: string; value: string }[] {
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at <= 0) throw new Mistake(`'${word}' is not NAME=VALUE`);
    return { name: word.slice(0, at), value: word.slice(at + 1) };
  });
}

import type { ErrorBody } from '#usp';
import type { AcsAnswer, AcsRpc } from './acs/index.ts';
import type { Controller, ControllerAnswer } from './controller/index.ts';
import { takeLease } from './dhcp.ts';
import type { Lab } from './lab.ts';
import { transferCommand, transferHelp } from './transfer-commands.ts';

export const labHelp = `acs get PATH…                  GetParameterValues
acs set PARAMETER=VALUE…       SetParameterValues
acs names PATH                 GetParameterNames
acs add TABLE                  AddObject
acs del ROW                    DeleteObject
acs watch PARAMETER            active notification
acs hear PARAMETER             lightweight notification
acs reach udp|xmpp             connection request through a NAT
acs reboot                     Reboot
${transferHelp}
usp get PATH…                  Get
usp set PARAMETER=VALUE…       Set
usp instances PATH             GetInstances
usp add TABLE [NAME=VALUE…]    Add
usp del ROW                    Delete
usp watch PATH                 ValueChange subscription
usp operate COMMAND [NAME=VALUE…]
viewer …                       the same as usp …, by the other controller
dhcp acs URL                   what the lease of the uplink says from now on;
dhcp gateway OUI SERIAL [CLASS]   and dhcp nothing
help · quit                    a value with blanks: 'NAME=two words'`;

class Mistake extends Error {}

/**
 * Runs one line of a person: `acs get Device.DeviceInfo.`.
 * @returns what to show; @throws Error for a mistake in the line
 */
export async function runLabCommand(lab: Lab, line: string): Promise<string> {
  const [who = '', verb = '', ...words] = wordsOf(line);
  if (who === 'help' || who === '') return labHelp;
  if (who === 'acs') return acsCommand(lab, verb, words);
  if (who === 'usp') return uspCommand(lab, lab.controller, verb, words);
  if (who === 'dhcp') return dhcpCommand(lab, verb, words);
  if (who === 'viewer' && lab.viewer) return uspCommand(lab, lab.viewer, verb, words);
  throw new Mistake(`'${who}' is none of acs, dhcp, usp, ${lab.viewer ? 'viewer, ' : ''}help, quit`);
}

/** Blanks part words, but not within '…'; the other quotes belong to search expressions. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''));
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
      const [command = '', ...given] = words;
      const inputArgs = Object.fromEntries(pairs(given).map(({ name, value }) => [name, value]));
      const operate = { command, commandKey: 'lab', sendResp: true, inputArgs };
      return show(await controller.ask(endpoint, { operate }, 'operateResp'), ({ operationResults }) =>
        operationResults.flatMap(({ executedCommand, reqObjPath, reqOutputArgs, cmdFailure }) => {
          if (cmdFailure) return [`${executedCommand}: ${cmdFailure.errCode} ${cmdFailure.errMsg}`];
          const output = Object.entries(reqOutputArgs?.outputArgs ?? {});
          return [
            reqObjPath ? `runs as ${reqObjPath}` : 'done',
            ...output.map(([name, value]) => `  ${name}=${value}`),
          ];
        }),
      );
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
    // Not the `=` of a search expression.
    const match = /^((?:\[[^\]]*\]|[^=[])+)=(.*)$/s.exec(word);
    if (!match) throw new Mistake(`'${word}' is not NAME=VALUE`);
    return { name: match[1]!, value: match[2]! };
  });
}

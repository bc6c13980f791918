import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { AcsAnswer, AcsCpeRequest, AcsRpc } from './acs/index.ts';
import type { Lab } from './lab.ts';

export const transferHelp = `acs upload config|log [FILE]   Upload, kept in FILE or shown
acs download FILE [TYPE]       Download, TYPE is config unless given
acs transfers                  GetAllQueuedTransfers
acs cancel KEY                 CancelTransfer`;

const uploads: Readonly<Record<string, string>> = {
  config: '1 Vendor Configuration File',
  log: '2 Vendor Log File',
};
const downloads: Readonly<Record<string, string>> = {
  config: '3 Vendor Configuration File',
  firmware: '1 Firmware Upgrade Image',
};
const states = ['', 'not started', 'in progress', 'completed'];
let orders = 0;

type Call = (rpc: AcsRpc) => Promise<AcsAnswer>;

/**
 * What a person has the ACS do with files; a transfer is waited for.
 * @param call the RPC in a session of its own
 * @returns what to show; `undefined`: none of these commands
 */
export async function transferCommand(
  lab: Lab,
  call: Call,
  verb: string,
  words: readonly string[],
): Promise<string | undefined> {
  const [first = '', second] = words;
  const commandKey = `lab${++orders}`;
  switch (verb) {
    case 'upload': {
      const fileType = uploads[first] ?? words.join(' ');
      const name = `${commandKey}.txt`;
      const said = await ordered(lab, call, { rpc: 'Upload', fileType, url: lab.acs.fileUrl(name), commandKey });
      const file = lab.acs.files.get(name);
      if (!file || said !== 'done') return said;
      if (second === undefined || !uploads[first]) return file.bytes.toString();
      writeFileSync(second, file.bytes, { mode: 0o600 });
      return `${file.bytes.length} bytes in ${second}`;
    }
    case 'download': {
      const content = readFileSync(first);
      const name = basename(first);
      lab.acs.files.put(name, content);
      const fileType = downloads[second ?? 'config'] ?? words.slice(1).join(' ');
      const url = lab.acs.fileUrl(name);
      return ordered(lab, call, { rpc: 'Download', fileType, url, fileSize: content.length, commandKey });
    }
    case 'transfers': {
      const { fault, transfers = [] } = await call({ rpc: 'GetAllQueuedTransfers' });
      if (fault) return `fault ${fault.code} ${fault.text}`;
      return transfers.map(({ commandKey: key, state, fileType }) => `${key} ${states[state]} ${fileType}`).join('\n');
    }
    case 'cancel': {
      const { fault } = await call({ rpc: 'CancelTransfer', commandKey: first });
      return fault ? `fault ${fault.code} ${fault.text}` : 'done';
    }
    default:
      return undefined;
  }
}

async function ordered(lab: Lab, call: Call, rpc: AcsRpc & { commandKey: string }): Promise<string> {
  const over = completed(lab, rpc.commandKey);
  const { fault } = await call(rpc);
  if (fault) return `fault ${fault.code} ${fault.text}`;
  const { faultCode } = await over;
  return faultCode === 0 ? 'done' : `fault ${faultCode} in TransferComplete`;
}

function completed(lab: Lab, commandKey: string): Promise<AcsCpeRequest> {
  return new Promise((resolve) => {
    const listening = lab.acs.events.on(() => {
      const found = lab.acs.requests.find((request) => request.commandKey === commandKey);
      if (!found) return;
      listening[Symbol.dispose]();
      resolve(found);
    });
  });
}

import type { FileUse } from './port.ts';

export interface FileType {
  readonly use: FileUse;
  /** Of `Device.DeviceInfo.VendorConfigFile.` or `VendorLogFile.`, where the type names one. */
  readonly instance?: number;
}

export const fileTypeLimit = 64;

/** TR-069 A.3.2.8: what a FileType of Download and ScheduleDownload means; `undefined`: nothing that is known. */
export function downloadType(text: string): FileType | undefined {
  const use = downloads[text];
  return use ? { use } : vendorType(text);
}

/** TR-069 A.4.1.5, for Upload. */
export function uploadType(text: string): FileType | undefined {
  const numbered = /^(3 Vendor Configuration File|4 Vendor Log File) ([1-9][0-9]{0,8})$/.exec(text);
  if (numbered) {
    return { use: numbered[1]!.startsWith('3') ? 'configuration' : 'log', instance: Number(numbered[2]) };
  }
  const use = uploads[text];
  return use ? { use } : vendorType(text);
}

const downloads: Readonly<Record<string, FileUse>> = {
  '1 Firmware Upgrade Image': 'firmware',
  '2 Web Content': 'web-content',
  '3 Vendor Configuration File': 'configuration',
  '4 Tone File': 'tone',
  '5 Ringer File': 'ringer',
};
const uploads: Readonly<Record<string, FileUse>> = {
  '1 Vendor Configuration File': 'configuration',
  '2 Vendor Log File': 'log',
};

function vendorType(text: string): FileType | undefined {
  return text.length <= fileTypeLimit && /^X \S+ \S[^\u0000-\u001f]*$/.test(text)
    ? { use: text as `X ${string}` }
    : undefined;
}

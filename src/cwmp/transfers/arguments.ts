import { ok, type Result, refused } from '#base';
import { child, childText, type Element } from '../codec/element.ts';
import { type CwmpFault, invalidArguments } from '../faults.ts';
import { commandKeyLimit } from '../verbs/verb.ts';

/** Of the XSD it is 256; servers that sign their URLs need more. */
const urlLimit = 1024;
const textLimit = 256;
const fileTypeLimit = 64;
const wholeLimit = 0xffff_ffff;

/** What Download, ScheduleDownload and Upload have in common. */
export interface TransferArguments {
  readonly commandKey: string;
  readonly fileType: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly fileSize: number;
  readonly targetFileName: string;
  readonly delaySeconds: number;
}

/** Absent ones are empty or 0, since ACS leave out what they have no use for; what is there must be right. */
export function transferArguments(request: Element): Result<TransferArguments, CwmpFault> {
  const text = (name: string): string => childText(request, name) ?? '';
  const limits = { CommandKey: commandKeyLimit, FileType: fileTypeLimit, URL: urlLimit } as const;
  for (const name of ['CommandKey', 'FileType', 'URL', 'Username', 'Password', 'TargetFileName']) {
    const limit = limits[name as keyof typeof limits] ?? textLimit;
    if (text(name).length > limit) return refused(invalidArguments(`${name} is too long`));
  }
  for (const name of ['FileSize', 'DelaySeconds']) {
    if (wholeNumber(text(name) || '0') === undefined) return refused(invalidArguments(`${name} is no whole number`));
  }
  for (const name of ['FileType', 'URL']) {
    if (text(name) === '') return refused(invalidArguments(`${name} is missing`));
  }
  if (!URL.canParse(text('URL'))) return refused(invalidArguments('URL is none'));
  const { username: user, password: secret } = new URL(text('URL'));
  if (user !== '' || secret !== '') return refused(invalidArguments('credentials do not belong into the URL'));
  // Blanks at their ends may be part of them.
  const exactly = (name: string): string => child(request, name)?.text ?? '';
  return ok({
    commandKey: text('CommandKey'),
    fileType: text('FileType'),
    url: text('URL'),
    username: exactly('Username'),
    password: exactly('Password'),
    fileSize: Number(text('FileSize')),
    targetFileName: text('TargetFileName'),
    delaySeconds: Number(text('DelaySeconds')),
  });
}

/** An unsignedInt. */
export function wholeNumber(text: string): number | undefined {
  return /^[0-9]{1,10}$/.test(text) && Number(text) <= wholeLimit ? Number(text) : undefined;
}

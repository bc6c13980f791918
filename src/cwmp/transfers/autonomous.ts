import type { Model } from '#model';
import type { AutonomousTransfer, TransferOutcome } from './report.ts';

const policy = 'Device.ManagementServer.AutonomousTransferCompletePolicy.';

/** Whether the ACS wants to be told of a transfer that it has not ordered (TR-181 AutonomousTransferCompletePolicy). */
export async function isWanted(model: Model, transfer: AutonomousTransfer, outcome: TransferOutcome): Promise<boolean> {
  const [read] = await model.get({ protocol: 'cwmp' }, [policy]);
  const parameters = read?.result.ok ? (read.result.value[0]?.parameters ?? []) : [];
  const value = (name: string): string => parameters.find(({ info }) => info.name === name)?.value ?? '';
  if (value('Enable') !== 'true') return false;
  const direction = transfer.isDownload ? 'Download' : 'Upload';
  const result = outcome.code === 0 ? 'Success' : 'Failure';
  const types = value('FileTypeFilter').split(',').filter(Boolean);
  return (
    ['Both', direction].includes(value('TransferTypeFilter')) &&
    ['Both', result].includes(value('ResultTypeFilter')) &&
    (types.length === 0 || types.includes(transfer.fileType))
  );
}

import type { Model } from '#model';
import type { AutonomousTransfer, AutonomousUnit, TransferOutcome } from './report.ts';

const management = 'Device.ManagementServer.';

/** Whether the ACS wants to be told of a transfer that it has not ordered (TR-181 AutonomousTransferCompletePolicy). */
export async function isWanted(model: Model, transfer: AutonomousTransfer, outcome: TransferOutcome): Promise<boolean> {
  const { value, list } = await policyOf(model, 'AutonomousTransferCompletePolicy.');
  if (value('Enable') !== 'true') return false;
  const types = list('FileTypeFilter');
  return (
    ['Both', transfer.isDownload ? 'Download' : 'Upload'].includes(value('TransferTypeFilter')) &&
    ['Both', resultOf(outcome.code)].includes(value('ResultTypeFilter')) &&
    (types.length === 0 || types.includes(transfer.fileType))
  );
}

/** Those of the changes of software modules that the ACS wants to be told of (TR-181 DUStateChangeComplPolicy). */
export async function wantedUnits(
  model: Model,
  results: readonly AutonomousUnit[],
): Promise<readonly AutonomousUnit[]> {
  const { value, list } = await policyOf(model, 'DUStateChangeComplPolicy.');
  if (value('Enable') !== 'true') return [];
  const operations = list('OperationTypeFilter');
  const faults = list('FaultCodeFilter');
  return results.filter(
    ({ operation, outcome: { code } }) =>
      operations.includes(operation) &&
      ['Both', resultOf(code)].includes(value('ResultTypeFilter')) &&
      (code === 0 || faults.includes(String(code))),
  );
}

const resultOf = (code: number): string => (code === 0 ? 'Success' : 'Failure');

async function policyOf(model: Model, name: string) {
  const [read] = await model.get({ protocol: 'cwmp' }, [management + name]);
  const parameters = read?.result.ok ? (read.result.value[0]?.parameters ?? []) : [];
  const value = (wanted: string): string => parameters.find(({ info }) => info.name === wanted)?.value ?? '';
  return { value, list: (wanted: string): readonly string[] => value(wanted).split(',').filter(Boolean) };
}

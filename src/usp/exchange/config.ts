import type { RetryPolicy } from '#base';
import type { Model } from '#model';
import type { TransferResults } from '../notify/hearing.ts';
import type { SessionSettings } from '../session/index.ts';
import { readTrust, type TrustConfig } from '../trust/index.ts';
import { readRows, retryOf } from './config-row.ts';
import { type MtpConfig, mtpPaths, type Peer, peersOf, readMtps } from './mtp-config.ts';
import { sessionOf } from './session-config.ts';

export interface ControllerConfig {
  /** Instance path of its row. */
  readonly path: string;
  readonly endpointId: string;
  /** `AssignedRole`: rows, without the last dot; `Credential` too. */
  readonly assigned: readonly string[];
  readonly credentials: readonly string[];
  /** Enabled ones, in their order. */
  readonly peers: readonly Peer[];
  readonly notifyRetry: RetryPolicy;
  readonly session: SessionSettings;
  /** Paths whose values go with every Boot! to this controller. */
  readonly bootParameters: readonly string[];
  /** Of which transfers it is told. */
  readonly transferResults: TransferResults;
  readonly periodic: {
    readonly intervalSeconds: number;
    /** Milliseconds since 1970; `undefined`: counted from now. */
    readonly phase: number | undefined;
  };
  /** TR-369 R-NOT.5. */
  readonly onBoarding: {
    readonly complete: boolean;
    /** Until it is asked for again; 0: it is not. */
    readonly restartSeconds: number;
  };
}

export interface UspConfig extends MtpConfig {
  /** Rows of all controllers, enabled or not, without the last dot. */
  readonly controllerRows: ReadonlySet<string>;
  readonly trust: TrustConfig;
  readonly controllers: readonly ControllerConfig[];
}

/** Where the configuration lives: a change of one of these is taken over at once. */
export const configPaths = ['Device.LocalAgent.Controller.', 'Device.LocalAgent.ControllerTrust.', ...mtpPaths];

/** The agent's controllers, transports and roles as they stand in the model, secrets included. What is not enabled is left out. */
export async function readConfig(model: Model): Promise<UspConfig> {
  const rows = await readRows(model, configPaths);
  return {
    controllerRows: await readControllerRows(model),
    controllers: rows('Device.LocalAgent.Controller.')
      .filter((row) => row.text('EndpointID') !== '')
      .map((row) => ({
        path: row.path,
        endpointId: row.text('EndpointID'),
        assigned: row.references('AssignedRole'),
        credentials: row.references('Credential'),
        peers: rows(`${row.path}MTP.`)
          .sort((a, b) => a.number('Order', 0) - b.number('Order', 0))
          .flatMap((mtp) => peersOf(mtp, rows)),
        bootParameters: rows(`${row.path}BootParameter.`).map((parameter) => parameter.text('ParameterName')),
        transferResults: transferResults(row.text('TransferCompletePolicy.ResultTypeFilter')),
        periodic: {
          intervalSeconds: row.number('PeriodicNotifInterval', 86_400),
          phase: phaseOf(row.text('PeriodicNotifTime')),
        },
        onBoarding: {
          complete: row.flag('OnBoardingComplete'),
          restartSeconds: row.number('OnBoardingRestartTime', 0),
        },
        notifyRetry: retryOf(row, 'USPNotifRetryMinimumWaitInterval', 'USPNotifRetryIntervalMultiplier'),
        session: sessionOf(row),
      })),
    trust: readTrust(rows.one('Device.LocalAgent.ControllerTrust.'), rows),
    ...readMtps(rows),
  };
}

async function readControllerRows(model: Model): Promise<ReadonlySet<string>> {
  const read = await model.instances({ protocol: 'usp' }, 'Device.LocalAgent.Controller.', true);
  return new Set(read.ok ? read.value.map(({ path }) => path.slice(0, -1)) : []);
}

const transferResults = (text: string): TransferResults => (text === 'Success' || text === 'Failure' ? text : 'Both');

/** The unknown time leaves the phase open. */
function phaseOf(text: string): number | undefined {
  const phase = Date.parse(text);
  return Number.isNaN(phase) || phase < 0 ? undefined : phase;
}

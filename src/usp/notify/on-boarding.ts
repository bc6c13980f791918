import { type Clock, ok, refused } from '#base';
import type { CommandResult, Model } from '#model';
import type { Notify } from '../codec/types.ts';
import { supportedVersions } from '../verbs/get-supported-protocol.ts';

/** A controller as far as taking the agent on board goes. */
export interface Boarder {
  /** Instance path of its row. */
  readonly path: string;
  readonly endpointId: string;
  readonly onBoarding: { readonly complete: boolean; readonly restartSeconds: number };
}

export interface OnBoardingParts {
  readonly model: Model;
  readonly clock: Clock;
  readonly session: (path: string) => OnBoardingSession | undefined;
}
export interface OnBoardingSession {
  notify(notify: Notify, expirationSeconds: number, over?: () => void): void;
  forget(subscription: string): void;
}

interface State {
  boarder: Boarder;
  asked: boolean;
  /** Counts requests: only the end of the newest counts. */
  round: number;
  /** Armed when the controller has answered, until it has done its part (OnBoardingRestartTime). */
  timer: Disposable | undefined;
}

/**
 * OnBoardRequests (TR-369 R-NOT.5, R-NOT.6): by command, and by itself while `OnBoardingComplete` is false. Each is sent until the controller answers; then, as long
 * as it has not declared it complete, again every `OnBoardingRestartTime`.
 */
export class OnBoarding implements Disposable {
  readonly #parts: OnBoardingParts;
  readonly #states = new Map<string, State>();

  constructor(parts: OnBoardingParts) {
    this.#parts = parts;
  }

  /** Takes over what is configured. */
  sync(boarders: readonly Boarder[]): void {
    const wanted = new Map(boarders.map((boarder) => [boarder.path, boarder]));
    for (const [path, state] of [...this.#states]) {
      if (wanted.get(path)?.endpointId === state.boarder.endpointId) continue;
      state.timer?.[Symbol.dispose]();
      this.#states.delete(path);
    }
    for (const boarder of boarders) {
      const state = this.#states.get(boarder.path) ?? { boarder, asked: false, round: 0, timer: undefined };
      this.#states.set(boarder.path, state);
      const before = state.boarder.onBoarding;
      state.boarder = boarder;
      if (boarder.onBoarding.complete) this.#stop(state);
      else if (!state.asked) void this.#ask(state);
      else if (state.timer && before.restartSeconds !== boarder.onBoarding.restartSeconds) this.#arm(state);
    }
  }

  /** `Device.LocalAgent.Controller.{i}.SendOnBoardRequest()`. @param path of the controller's row */
  async request(path: string): Promise<CommandResult> {
    const state = this.#states.get(path);
    if (!state) return refused({ kind: 'command-failed', message: 'the controller is not enabled', path });
    const wasComplete = state.boarder.onBoarding.complete;
    state.asked = true;
    if (wasComplete) {
      const parameters = [{ name: 'OnBoardingComplete', value: 'false', required: true }];
      const write = { op: 'set', path, parameters } as const;
      await this.#parts.model.write({ protocol: 'usp' }, [write], { origin: { by: 'device' }, partial: false });
    }
    await this.#ask(state);
    return ok({});
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#states.values()) timer?.[Symbol.dispose]();
    this.#states.clear();
  }

  async #ask(state: State): Promise<void> {
    const { model, session } = this.#parts;
    state.asked = true;
    state.timer?.[Symbol.dispose]();
    state.timer = undefined;
    const names = ['ManufacturerOUI', 'ProductClass', 'SerialNumber'].map((name) => `Device.DeviceInfo.${name}`);
    const [oui = '', productClass = '', serialNumber = ''] = (await model.get({ protocol: 'usp' }, names)).map(
      ({ result }) => (result.ok ? (result.value[0]?.parameters[0]?.value ?? '') : ''),
    );
    const onBoardReq = { oui, productClass, serialNumber, agentSupportedProtocolVersions: supportedVersions };
    const to = session(state.boarder.path);
    const round = ++state.round;
    // One that has not been answered yet is replaced.
    to?.forget('');
    to?.notify({ subscriptionId: '', sendResp: true, onBoardReq }, 0, () => {
      if (state.round === round) this.#arm(state);
    });
  }

  #arm(state: State): void {
    state.timer?.[Symbol.dispose]();
    state.timer = undefined;
    const { complete, restartSeconds } = state.boarder.onBoarding;
    if (complete || restartSeconds === 0 || this.#states.get(state.boarder.path) !== state) return;
    state.timer = this.#parts.clock.timer(restartSeconds * 1000, () => void this.#ask(state));
  }

  #stop(state: State): void {
    state.timer?.[Symbol.dispose]();
    state.timer = undefined;
    if (state.asked) this.#parts.session(state.boarder.path)?.forget('');
    state.asked = false;
  }
}

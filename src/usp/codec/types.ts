/** USP messages (TR-369 1.4, usp-msg-1-4.proto), fields in camel case. */
export interface ErrorBody {
  readonly errCode: number;
  readonly errMsg: string;
  readonly paramErrs: readonly { readonly paramPath: string; readonly errCode: number; readonly errMsg: string }[];
}
export type TextMap = Readonly<Record<string, string>>;

export interface Get {
  readonly paramPaths: readonly string[];
  readonly maxDepth: number;
}
export interface GetResp {
  readonly reqPathResults: readonly {
    readonly requestedPath: string;
    readonly errCode: number;
    readonly errMsg: string;
    readonly resolvedPathResults: readonly { readonly resolvedPath: string; readonly resultParams: TextMap }[];
  }[];
}
export interface GetSupportedDM {
  readonly objPaths: readonly string[];
  readonly firstLevelOnly: boolean;
  readonly returnCommands: boolean;
  readonly returnEvents: boolean;
  readonly returnParams: boolean;
  readonly returnUniqueKeySets: boolean;
}
export interface SupportedObjectResult {
  readonly supportedObjPath: string;
  /** 0 read only, 1 add and delete, 2 add, 3 delete */
  readonly access: number;
  readonly isMultiInstance: boolean;
  readonly supportedCommands: readonly {
    readonly commandName: string;
    readonly inputArgNames: readonly string[];
    readonly outputArgNames: readonly string[];
    /** 1 sync, 2 async */
    readonly commandType: number;
  }[];
  readonly supportedEvents: readonly { readonly eventName: string; readonly argNames: readonly string[] }[];
  readonly supportedParams: readonly {
    readonly paramName: string;
    /** 0 read only, 1 read and write, 2 write only */
    readonly access: number;
    readonly valueType: number;
    /** 1 allowed, 2 ignored */
    readonly valueChange: number;
  }[];
  readonly divergentPaths: readonly string[];
  readonly uniqueKeySets: readonly { readonly keyNames: readonly string[] }[];
}
export interface GetSupportedDMResp {
  readonly reqObjResults: readonly {
    readonly reqObjPath: string;
    readonly errCode: number;
    readonly errMsg: string;
    readonly dataModelInstUri: string;
    readonly supportedObjs: readonly SupportedObjectResult[];
  }[];
}
export interface GetInstances {
  readonly objPaths: readonly string[];
  readonly firstLevelOnly: boolean;
}
export interface GetInstancesResp {
  readonly reqPathResults: readonly {
    readonly requestedPath: string;
    readonly errCode: number;
    readonly errMsg: string;
    readonly currInsts: readonly { readonly instantiatedObjPath: string; readonly uniqueKeys: TextMap }[];
  }[];
}
export interface GetSupportedProtocol {
  readonly controllerSupportedProtocolVersions: string;
}
export interface GetSupportedProtocolResp {
  readonly agentSupportedProtocolVersions: string;
}
export interface ParamSetting {
  readonly param: string;
  readonly value: string;
  readonly required: boolean;
}
export interface ParameterError {
  readonly param: string;
  readonly errCode: number;
  readonly errMsg: string;
}
export interface OperationFailure {
  readonly errCode: number;
  readonly errMsg: string;
}
/** One of the two is there. */
export interface OperationStatus<Success, Failure = OperationFailure> {
  readonly operFailure?: Failure;
  readonly operSuccess?: Success;
}
export interface Add {
  readonly allowPartial: boolean;
  readonly createObjs: readonly { readonly objPath: string; readonly paramSettings: readonly ParamSetting[] }[];
}
export interface AddResp {
  readonly createdObjResults: readonly {
    readonly requestedPath: string;
    readonly operStatus?: OperationStatus<{
      readonly instantiatedPath: string;
      readonly paramErrs: readonly ParameterError[];
      readonly uniqueKeys: TextMap;
    }>;
  }[];
}
export interface Delete {
  readonly allowPartial: boolean;
  readonly objPaths: readonly string[];
}
export interface DeleteResp {
  readonly deletedObjResults: readonly {
    readonly requestedPath: string;
    readonly operStatus?: OperationStatus<{
      readonly affectedPaths: readonly string[];
      readonly unaffectedPathErrs: readonly {
        readonly unaffectedPath: string;
        readonly errCode: number;
        readonly errMsg: string;
      }[];
    }>;
  }[];
}
export interface Set {
  readonly allowPartial: boolean;
  readonly updateObjs: readonly { readonly objPath: string; readonly paramSettings: readonly ParamSetting[] }[];
}
export interface SetResp {
  readonly updatedObjResults: readonly {
    readonly requestedPath: string;
    readonly operStatus?: OperationStatus<
      {
        readonly updatedInstResults: readonly {
          readonly affectedPath: string;
          readonly paramErrs: readonly ParameterError[];
          readonly updatedParams: TextMap;
        }[];
      },
      OperationFailure & {
        readonly updatedInstFailures: readonly {
          readonly affectedPath: string;
          readonly paramErrs: readonly ParameterError[];
        }[];
      }
    >;
  }[];
}
export interface Operate {
  readonly command: string;
  readonly commandKey: string;
  readonly sendResp: boolean;
  readonly inputArgs: TextMap;
}
export interface OperateResp {
  readonly operationResults: readonly {
    readonly executedCommand: string;
    readonly reqObjPath?: string;
    readonly reqOutputArgs?: { readonly outputArgs: TextMap };
    readonly cmdFailure?: OperationFailure;
  }[];
}
export interface Notify {
  readonly subscriptionId: string;
  readonly sendResp: boolean;
  readonly event?: { readonly objPath: string; readonly eventName: string; readonly params: TextMap };
  readonly valueChange?: { readonly paramPath: string; readonly paramValue: string };
  readonly objCreation?: { readonly objPath: string; readonly uniqueKeys: TextMap };
  readonly objDeletion?: { readonly objPath: string };
  readonly operComplete?: {
    readonly objPath: string;
    readonly commandName: string;
    readonly commandKey: string;
    readonly reqOutputArgs?: { readonly outputArgs: TextMap };
    readonly cmdFailure?: OperationFailure;
  };
  readonly onBoardReq?: {
    readonly oui: string;
    readonly productClass: string;
    readonly serialNumber: string;
    readonly agentSupportedProtocolVersions: string;
  };
}
export interface NotifyResp {
  readonly subscriptionId: string;
}
export interface Register {
  readonly allowPartial: boolean;
  readonly regPaths: readonly { readonly path: string }[];
}
export interface RegisterResp {
  readonly registeredPathResults: readonly {
    readonly requestedPath: string;
    readonly operStatus?: OperationStatus<{ readonly registeredPath: string }>;
  }[];
}
export interface Deregister {
  readonly paths: readonly string[];
}
export interface DeregisterResp {
  readonly deregisteredPathResults: readonly {
    readonly requestedPath: string;
    readonly operStatus?: OperationStatus<{ readonly deregisteredPath: readonly string[] }>;
  }[];
}

export interface Requests {
  readonly get: Get;
  readonly getSupportedDm: GetSupportedDM;
  readonly getInstances: GetInstances;
  readonly set: Set;
  readonly add: Add;
  readonly delete: Delete;
  readonly operate: Operate;
  readonly notify: Notify;
  readonly getSupportedProtocol: GetSupportedProtocol;
  readonly register: Register;
  readonly deregister: Deregister;
}
export interface Responses {
  readonly getResp: GetResp;
  readonly getSupportedDmResp: GetSupportedDMResp;
  readonly getInstancesResp: GetInstancesResp;
  readonly setResp: SetResp;
  readonly addResp: AddResp;
  readonly deleteResp: DeleteResp;
  readonly operateResp: OperateResp;
  readonly notifyResp: NotifyResp;
  readonly getSupportedProtocolResp: GetSupportedProtocolResp;
  readonly registerResp: RegisterResp;
  readonly deregisterResp: DeregisterResp;
}

/** Exactly one member of the oneofs, named. */
export type Body =
  | { readonly kind: 'request'; readonly request: Partial<Requests> }
  | { readonly kind: 'response'; readonly response: Partial<Responses> }
  | { readonly kind: 'error'; readonly error: ErrorBody };

export interface UspMessage {
  readonly msgId: string;
  /** Header.MsgType; what the body holds must be the same (R-MSG.2a). */
  readonly msgType: number;
  readonly body: Body;
}

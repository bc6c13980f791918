import { type Mtp, mtps } from './side/link.ts';

/** Where the judge's own servers listen, and what of TLS they use. Files are named relative to the descriptor. */
export interface Listen {
  readonly host?: string;
  readonly port: number;
  readonly tls?: {
    readonly cert: string;
    readonly key: string;
    /** Clients must show a certificate of it. */
    readonly clientCa?: string;
    /** Another certificate, that has expired (2.8). */
    readonly expired?: { readonly cert: string; readonly key: string };
    /** Another certificate, of an authority that the agent does not know, and that (9.2). */
    readonly foreign?: { readonly cert: string; readonly key: string; readonly ca: string };
  };
}

export interface ControllerNames {
  readonly endpointId: string;
  /** WebSocket */
  readonly path?: string;
  /** MQTT */
  readonly topic?: string;
  /** STOMP */
  readonly destination?: string;
}

/**
 * An agent under test, as a JSON file (docs/tp469.md). `lab` needs no file: it is Tandem on the simulated router, started by the runner itself.
 */
export interface Descriptor {
  readonly name: string;
  readonly agent: { readonly endpointId: string };
  readonly controllers: { readonly primary: ControllerNames; readonly secondary?: ControllerNames };
  readonly transports: {
    readonly ws?: Listen;
    /** The agent listens. */
    readonly 'ws-server'?: {
      readonly url: string;
      readonly ca?: string;
      readonly cert?: string;
      readonly key?: string;
    };
    readonly mqtt5?: Listen & { readonly agentTopic: string };
    readonly mqtt311?: Listen & { readonly agentTopic: string };
    readonly stomp?: Listen & { readonly agentDestination: string };
  };
  /** How it is started; `{mtp}` in an argument is the transport. It is started again when it has ended by itself. Without it the agent runs already. */
  readonly start?: {
    readonly command: readonly string[];
    readonly environment?: Readonly<Record<string, string>>;
    /** Run before every first start, to put the agent's state back. */
    readonly reset?: readonly string[];
  };
  /** Feature IDs of the plan's table that the agent supports. */
  readonly features: readonly number[];
  readonly use?: Uses;
}

/** Elements that stand in for those that the plan names, where the agent does not have these. */
export interface Uses {
  /** An asynchronous command that ends by itself, with the arguments it needs. */
  readonly asyncCommand?: { readonly path: string; readonly args: Readonly<Record<string, string>> };
  /** A secured parameter (2.27). */
  readonly securedParameter?: { readonly path: string; readonly value?: string };
  /** An image that the agent can be given (9.3 to 9.8), and its version. */
  readonly firmware?: { readonly url: string; readonly version: string };
  /** Where the judge listens for bulk data. */
  readonly collector?: { readonly host: string; readonly port: number };
  /** A host for diagnostics that does not answer (1.92). */
  readonly silentHost?: string;
}

/** @throws Error that says what is wrong with it */
export function readDescriptor(text: string): Descriptor {
  const given = JSON.parse(text) as Partial<Descriptor>;
  const wrong = (what: string): never => {
    throw new Error(`descriptor: ${what}`);
  };
  if (typeof given.name !== 'string') wrong('name is missing');
  if (typeof given.agent?.endpointId !== 'string') wrong('agent.endpointId is missing');
  if (typeof given.controllers?.primary?.endpointId !== 'string') wrong('controllers.primary.endpointId is missing');
  if (!given.transports || Object.keys(given.transports).length === 0) wrong('transports names none');
  const strange = Object.keys(given.transports ?? {}).find((name) => !mtps.includes(name as Mtp));
  if (strange) wrong(`transports: ${strange} is none of ${mtps.join(', ')}`);
  if (!Array.isArray(given.features) || given.features.some((id) => !Number.isInteger(id))) {
    wrong('features must be a list of Feature IDs');
  }
  return given as Descriptor;
}

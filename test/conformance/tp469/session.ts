import { readFileSync } from 'node:fs';
import { createPki } from '#lab';
import { freePort } from '../../support/mosquitto.ts';
import { Bench } from './bench.ts';
import type { Descriptor, Listen } from './descriptor.ts';
import type { KeyPair, Link, Mtp, PayloadTls, ServerTls, Side } from './side/link.ts';
import { MqttBroker } from './side/mqtt-broker.ts';
import { Peer } from './side/peer.ts';
import { StompServer } from './side/stomp-server.ts';
import { LeapingTime, realTime, type Time } from './side/time.ts';
import { WebSocketSide } from './side/web-socket.ts';
import { type DialerTls, WebSocketDialer } from './side/web-socket-dialer.ts';
import { LabSubject, labDescriptor, labDialerTls, labPayloadTls, labServerTls } from './subject/lab.ts';
import { ProcessSubject } from './subject/process.ts';
import type { Subject } from './subject/subject.ts';

export interface SessionOptions {
  /** `undefined`: the lab. */
  readonly descriptor: Descriptor | undefined;
  readonly mtp: Mtp;
  readonly loud?: boolean;
}

/** The judge's side and an agent that is connected to it, for as many tests as are wanted. */
export class Session implements AsyncDisposable {
  readonly mtp: Mtp;
  readonly descriptor: Descriptor;
  readonly link: Link;
  readonly time: Time;
  readonly peers: Readonly<Partial<Record<Side, Peer>>> & { readonly primary: Peer };
  readonly #subject: Subject;
  readonly #leaping: LeapingTime | undefined;
  readonly #serverTls: ServerTls | undefined;
  readonly #payloadTls: PayloadTls | undefined;

  constructor(parts: {
    mtp: Mtp;
    descriptor: Descriptor;
    link: Link;
    time: Time;
    subject: Subject;
    leaping: LeapingTime | undefined;
    serverTls: ServerTls | undefined;
    payloadTls: PayloadTls | undefined;
  }) {
    this.mtp = parts.mtp;
    this.descriptor = parts.descriptor;
    this.link = parts.link;
    this.time = parts.time;
    this.#subject = parts.subject;
    this.#leaping = parts.leaping;
    this.#serverTls = parts.serverTls;
    this.#payloadTls = parts.payloadTls;
    const { agent, controllers } = parts.descriptor;
    const peer = (side: Side): Peer | undefined => {
      const names = controllers[side];
      return names && new Peer(side, names.endpointId, agent.endpointId, this.link, this.time);
    };
    const secondary = peer('secondary');
    this.peers = { primary: peer('primary')!, ...(secondary && { secondary }) };
    this.link.heard = (side, record) => this.peers[side]?.receive(record);
  }

  bench(): Bench {
    const { descriptor, link, time, peers } = this;
    return new Bench({
      descriptor,
      link,
      time,
      primary: peers.primary,
      secondary: peers.secondary,
      subject: this.#subject,
      serverTls: this.#serverTls,
      payloadTls: this.#payloadTls,
    });
  }

  /** @throws Error when the agent does not connect */
  async start(): Promise<void> {
    await this.#subject.start();
    const up = await this.time.until(() => (this.link.connections('primary') > 0 ? true : undefined), 120);
    if (!up) throw new Error('the agent did not connect within two minutes');
  }

  /** After a test that may have left the agent in a state that others can't work with. @throws Error when nothing helps */
  async recover(): Promise<void> {
    const request = { getSupportedProtocol: { controllerSupportedProtocolVersions: '1.4' } };
    const answers = await this.peers.primary.ask(request, 10).catch(() => undefined);
    if (answers) return;
    const before = this.link.connections('primary');
    await this.#subject.reset();
    const up = await this.time.until(() => (this.link.connections('primary') > before ? true : undefined), 120);
    if (!up) throw new Error('the agent is lost: it does not connect any more');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subject[Symbol.asyncDispose]();
    await this.link[Symbol.asyncDispose]();
    this.#leaping?.[Symbol.dispose]();
  }
}

export async function openSession({ descriptor: given, mtp, loud = false }: SessionOptions): Promise<Session> {
  const descriptor = given ?? labDescriptor;
  if (!descriptor.transports[mtp]) throw new Error(`${descriptor.name} has no transport ${mtp}`);
  const leaping = given ? undefined : new LeapingTime();
  const time = leaping ?? realTime;
  const pki = createPki('Judge', new Date('2026-01-01'));
  const lab = given ? undefined : { server: labServerTls(pki), dialer: labDialerTls(pki) };
  const { link, port } = await openLink(descriptor, mtp, time, lab);
  const subject: Subject = leaping
    ? new LabSubject({ mtp, port, clock: leaping.clock, pki, loud })
    : new ProcessSubject(descriptor, mtp, loud);
  const session = new Session({
    mtp,
    descriptor,
    link,
    time,
    subject,
    leaping,
    serverTls: lab?.server ?? tlsOf(listenOf(descriptor, mtp)),
    payloadTls: given ? undefined : labPayloadTls(pki),
  });
  try {
    await session.start();
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw error;
  }
  return session;
}

/** What the judge listens with, if it does. */
function listenOf({ transports }: Descriptor, mtp: Mtp): Partial<Listen> {
  return mtp === 'ws-server' ? {} : transports[mtp]!;
}

async function openLink(
  descriptor: Descriptor,
  mtp: Mtp,
  time: Time,
  lab: { readonly server: ServerTls; readonly dialer: DialerTls } | undefined,
): Promise<{ link: Link; port: number }> {
  const { transports, controllers } = descriptor;
  const { primary, secondary } = controllers;
  const labTls = lab?.server;
  switch (mtp) {
    case 'ws': {
      const listen = transports.ws!;
      const paths = { primary: primary.path ?? '/', secondary: secondary?.path ?? '/secondary' };
      const tls = labTls ?? tlsOf(listen);
      const link = new WebSocketSide({
        host: listen.host ?? '127.0.0.1',
        port: listen.port,
        paths,
        time,
        ...(tls && { tls }),
      });
      await link.start();
      return { link, port: link.port };
    }
    case 'mqtt5':
    case 'mqtt311': {
      const listen = transports[mtp]!;
      const tls = labTls ?? tlsOf(listen);
      const link = new MqttBroker({
        version: mtp === 'mqtt5' ? 5 : 4,
        host: listen.host ?? '127.0.0.1',
        port: listen.port,
        controllers,
        agentTopic: listen.agentTopic,
        time,
        ...(tls && { tls }),
      });
      await link.start();
      return { link, port: link.port };
    }
    case 'stomp': {
      const listen = transports.stomp!;
      const tls = labTls ?? tlsOf(listen);
      const link = new StompServer({
        host: listen.host ?? '127.0.0.1',
        port: listen.port,
        controllers,
        time,
        ...(tls && { tls }),
      });
      await link.start();
      return { link, port: link.port };
    }
    case 'ws-server': {
      const { url, ca, cert, key } = transports['ws-server']!;
      const file = (name: string): string => readFileSync(name, 'utf8');
      const own = cert !== undefined && key !== undefined ? { cert: file(cert), key: file(key) } : undefined;
      const given =
        ca === undefined ? undefined : { ca: file(ca), ...(own && { own: { primary: own, secondary: own } }) };
      const port = lab ? await freePort() : 0;
      const tls = lab ? lab.dialer : given;
      const link = new WebSocketDialer({
        url: lab ? `wss://127.0.0.1:${port}/usp` : url,
        endpointIds: { primary: primary.endpointId, ...(secondary && { secondary: secondary.endpointId }) },
        time,
        ...(tls && { tls }),
      });
      link.start();
      return { link, port };
    }
  }
}

function tlsOf({ tls }: Pick<Listen, 'tls'>): ServerTls | undefined {
  if (!tls) return undefined;
  const file = (name: string): string => readFileSync(name, 'utf8');
  const pair = ({ cert, key }: KeyPair): KeyPair => ({ cert: file(cert), key: file(key) });
  const { clientCa, expired, foreign } = tls;
  return {
    ...pair(tls),
    ...(clientCa !== undefined && { clientCa: file(clientCa) }),
    ...(expired && { expired: pair(expired) }),
    ...(foreign && { foreign: { ...pair(foreign), ca: file(foreign.ca) } }),
  };
}

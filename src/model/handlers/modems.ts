import type { Files, Programs, Uci } from '#platform';

/** What asking a modem needs. */
export interface ModemPorts {
  readonly uci: Uci;
  readonly files: Files;
  readonly programs: Programs;
}

const callTimeoutMs = 4000;

/**
 * Modems that netifd drives itself (`proto qmi`), asked by uqmi and told in the shape of ModemManager's dump, so that one mapping reads both. One call at a
 * time: a second process on the same device would be refused.
 */
export async function uqmiModems(ports: ModemPorts): Promise<unknown> {
  const modems: unknown[] = [];
  for (const { device } of interfacesOf(ports.uci, 'qmi')) {
    const ask = async (what: string): Promise<unknown> =>
      parsed((await run(ports, 'uqmi', ['-s', '-d', device, '-t', '3000', `--get-${what}`])) ?? '');
    const serving = tableOf(await ask('serving-system'));
    const signals = [await ask('signal-info')].flat().map(tableOf);
    const lte = signals.find(({ type }) => type === 'lte') ?? signals[0] ?? {};
    modems.push(
      modem(ports.files, device, {
        imei: textOf(await ask('imei')),
        iccid: textOf(await ask('iccid')),
        imsi: textOf(await ask('imsi')),
        connected: (await ask('data-status')) === 'connected',
        roaming: serving.roaming === true,
        registered: serving.registration === 'registered',
        operator: textOf(serving.plmn_description),
        technologies: signals.flatMap(({ type }) => (type === 'wcdma' ? 'umts' : textOf(type))),
        signal: { rssi: lte.rssi, rsrp: lte.rsrp, rsrq: lte.rsrq },
      }),
    );
  }
  return { modem: modems };
}

/** The same for `proto mbim`, asked by umbim, which tells nothing of the signal. */
export async function umbimModems(ports: ModemPorts): Promise<unknown> {
  const modems: unknown[] = [];
  for (const { device } of interfacesOf(ports.uci, 'mbim')) {
    const ask = async (what: string): Promise<Readonly<Record<string, string>>> =>
      lines((await run(ports, 'umbim', ['-n', '-d', device, what])) ?? '');
    const caps = await ask('caps');
    const subscriber = await ask('subscriber');
    const registration = await ask('registration');
    const attached = await ask('attach');
    const state = nameOf(registration.registerstate);
    modems.push(
      modem(ports.files, device, {
        imei: caps.deviceid ?? '',
        iccid: subscriber.simiccid ?? '',
        imsi: subscriber.subscriberid ?? '',
        connected: nameOf(attached.packetservicestate) === 'attached',
        roaming: state === 'roaming' || state === 'partner',
        registered: state === 'home' || state === 'roaming' || state === 'partner',
        operator: registration.provider_name ?? '',
        technologies: [],
        signal: {},
      }),
    );
  }
  return { modem: modems };
}

interface Facts {
  readonly imei: string;
  readonly iccid: string;
  readonly imsi: string;
  readonly connected: boolean;
  readonly registered: boolean;
  readonly roaming: boolean;
  readonly operator: string;
  readonly technologies: readonly string[];
  readonly signal: Readonly<Record<string, unknown>>;
}

function modem(files: Files, device: string, facts: Facts): unknown {
  const port = device.split('/').at(-1)!;
  const network = files.list(`/sys/class/usbmisc/${port}/device/net`)[0];
  const known = (text: string): string => (text === '' ? '--' : text);
  return {
    device,
    generic: {
      // Without a number of its own it is known by where it is plugged in.
      'equipment-identifier': facts.imei === '' ? device : facts.imei,
      'power-state': 'on',
      state: facts.connected ? 'connected' : facts.registered ? 'registered' : 'searching',
      'primary-port': port,
      'access-technologies': facts.technologies,
      bearers: network === undefined ? [] : [{ status: { interface: network } }],
      ...(facts.iccid !== '' && { sim: { properties: { iccid: facts.iccid, imsi: known(facts.imsi) } } }),
    },
    '3gpp': {
      'operator-name': known(facts.operator),
      'registration-state': facts.roaming ? 'roaming' : facts.registered ? 'home' : 'searching',
    },
    signal: { lte: Object.fromEntries(Object.entries(facts.signal).filter(([, value]) => typeof value === 'number')) },
  };
}

/** Interfaces of this protocol that name a character device, and are not switched off. */
function interfacesOf(uci: Uci, proto: string): { device: string }[] {
  return (uci.load('network')?.sections ?? []).flatMap(({ type, options }) => {
    const device = options.get('device');
    const here = type === 'interface' && options.get('proto') === proto && options.get('disabled') !== '1';
    return here && typeof device === 'string' && /^\/dev\/[\w-]+$/.test(device) ? [{ device }] : [];
  });
}

async function run(ports: ModemPorts, name: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { code, stdout } = await ports.programs.run(name, args, { timeoutMs: callTimeoutMs });
    return code === 0 ? stdout : undefined;
  } catch {
    // Not installed, or hung: the modem is then one of which nothing more is known.
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const tableOf = (value: unknown): Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** `  registerstate: 0003 - home` */
function lines(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = Object.create(null);
  for (const line of text.split('\n')) {
    const match = /^\s*(\w+): (.*)$/.exec(line);
    if (match) found[match[1]!] = match[2]!.trim();
  }
  return found;
}

const nameOf = (value: string | undefined): string => value?.split(' - ').at(-1) ?? '';

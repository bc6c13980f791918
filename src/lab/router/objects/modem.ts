import type { BlobTable } from '#platform';
import { option } from '../addresses.ts';
import { traffic } from '../counters.ts';
import type { World } from '../world.ts';
import { method, type RouterObject } from './object.ts';

const imei = '356938035643809';
const imsi = '001010123456789';
const iccid = '8900101012345678909';

/** `modemmanager` of modemmanager-rpcd. Every value is text, as mmcli prints it; `--` is "none". */
export function modemObject(world: World): RouterObject {
  return {
    path: 'modemmanager',
    provider: 'rpcd',
    methods: {
      info: method({}, () => ({
        modem: [
          {
            imsi,
            operator: world.modem.registered ? 'Test Mobile' : '--',
            technology: world.modem.registered ? 'lte, 5gnr' : '--',
            device: 'Modem0',
            iccid,
            imei,
            signal: String(world.modem.signalPercent),
          },
        ],
      })),
      dump: method({}, () => ({ modem: [dump(world)] })),
    },
  };
}

function dump(world: World): BlobTable {
  const { registered, signalPercent, rsrpDbm, rsrqDb, snrDb } = world.modem;
  const section = world.sections('network', 'interface').find((s) => option(s, 'proto') === 'modemmanager');
  const apn = option(section, 'apn') ?? '--';
  const bearer = traffic('wwan0', world.uptimeSeconds);
  const radio = (db: number): string => (registered ? db.toFixed(2) : '--');
  return {
    '3gpp': {
      '5gnr': { 'registration-settings': { 'drx-cycle': '--', 'mico-mode': '--' } },
      'enabled-locks': ['fixed-dialing'],
      eps: {
        'initial-bearer': {
          'dbus-path': '/org/freedesktop/ModemManager1/Bearer/0',
          settings: { apn, 'ip-type': option(section, 'iptype') ?? 'ipv4v6', password: '--', user: '--' },
        },
        'ue-mode-operation': 'csps-2',
      },
      imei,
      'operator-code': registered ? '00101' : '--',
      'operator-name': registered ? 'Test Mobile' : '--',
      'packet-service-state': registered ? 'attached' : 'detached',
      pco: '--',
      'registration-state': registered ? 'home' : 'searching',
    },
    cdma: {
      'activation-state': '--',
      'cdma1x-registration-state': '--',
      esn: '--',
      'evdo-registration-state': '--',
      meid: '--',
      nid: '--',
      sid: '--',
    },
    'dbus-path': '/org/freedesktop/ModemManager1/Modem/0',
    generic: {
      'access-technologies': registered ? ['lte', '5gnr'] : [],
      bearers: registered
        ? [
            {
              'dbus-path': '/org/freedesktop/ModemManager1/Bearer/1',
              properties: {
                apn,
                'ip-type': option(section, 'iptype') ?? 'ipv4v6',
                roaming: '--',
                user: '--',
                password: '--',
                'allowed-auth': [],
              },
              status: { connected: 'yes', interface: 'wwan0', 'ip-timeout': '20', suspended: 'no', multiplexed: 'no' },
              'ipv4-config': {
                method: 'static',
                address: '10.142.7.23',
                prefix: '28',
                gateway: '10.142.7.24',
                dns: ['10.74.210.210', '10.74.210.211'],
                mtu: '1500',
              },
              'ipv6-config': {
                method: 'static',
                address: '2001:db8:7000:4a1::1',
                prefix: '64',
                gateway: '2001:db8:7000:4a1::2',
                dns: [],
                mtu: '1500',
              },
              stats: {
                'bytes-rx': String(bearer.rxBytes),
                'bytes-tx': String(bearer.txBytes),
                duration: String(Math.floor(world.uptimeSeconds)),
                attempts: '1',
                'failed-attempts': '0',
              },
            },
          ]
        : [],
      'carrier-configuration': 'ROW_Generic_3GPP',
      'carrier-configuration-revision': '0A010809',
      'current-bands': ['eutran-1', 'eutran-3', 'eutran-7', 'eutran-20', 'ngran-1', 'ngran-78'],
      'current-capabilities': ['gsm-umts, lte, 5gnr'],
      'current-modes': 'allowed: 3g, 4g, 5g; preferred: 5g',
      device: option(section, 'device') ?? '/sys/devices/platform/soc/11200000.usb/usb2/2-1',
      'device-identifier': '3ab1a3f0d5c7f0e59b8f2f1d8a1d4b2f5c9e7a10',
      drivers: ['qmi_wwan', 'option'],
      'equipment-identifier': imei,
      'hardware-revision': 'RM520N-GL',
      manufacturer: 'Quectel',
      model: 'RM520N-GL',
      'own-numbers': ['+15550100'],
      plugin: 'quectel',
      ports: ['cdc-wdm0 (qmi)', 'ttyUSB1 (gps)', 'ttyUSB2 (at)', 'wwan0 (net)'],
      'power-state': 'on',
      'primary-port': 'cdc-wdm0',
      'primary-sim-slot': '1',
      revision: 'RM520NGLAAR03A03M4G',
      'signal-quality': { recent: 'yes', value: String(signalPercent) },
      sim: {
        'dbus-path': '/org/freedesktop/ModemManager1/SIM/0',
        properties: {
          active: 'yes',
          eid: '--',
          'emergency-numbers': [],
          gid1: '--',
          iccid,
          imsi,
          'operator-code': '00101',
          'operator-name': 'Test Mobile',
          'sim-type': 'physical',
        },
      },
      'sim-slots': ['/org/freedesktop/ModemManager1/SIM/0', '/'],
      state: registered ? 'connected' : 'searching',
      'state-failed-reason': '--',
      'supported-bands': ['eutran-1', 'eutran-3', 'eutran-7', 'eutran-20', 'ngran-1', 'ngran-78'],
      'supported-capabilities': ['gsm-umts, lte, 5gnr'],
      'supported-ip-families': ['ipv4', 'ipv6', 'ipv4v6'],
      'supported-modes': ['allowed: 3g, 4g, 5g; preferred: 5g', 'allowed: 4g; preferred: none'],
      'unlock-required': 'sim-pin2',
      'unlock-retries': ['sim-pin (3)', 'sim-pin2 (3)'],
    },
    signal: {
      '5g': { 'error-rate': '--', rsrp: radio(rsrpDbm - 3), rsrq: radio(rsrqDb), snr: radio(snrDb) },
      cdma1x: { ecio: '--', 'error-rate': '--', rssi: '--' },
      evdo: { ecio: '--', 'error-rate': '--', io: '--', rssi: '--', sinr: '--' },
      gsm: { 'error-rate': '--', rssi: '--' },
      lte: {
        'error-rate': '--',
        rsrp: radio(rsrpDbm),
        rsrq: radio(rsrqDb),
        rssi: radio(rsrpDbm + 27),
        snr: radio(snrDb),
      },
      refresh: { rate: '10' },
      umts: { ecio: '--', 'error-rate': '--', rscp: '--', rssi: '--' },
    },
    location: { '3gpp': { cid: '0001A2D0', lac: 'FFFE', mcc: '001', mnc: '01', tac: '00E321' } },
    device: option(section, 'device') ?? '--',
  };
}

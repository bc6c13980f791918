import type { ObjectRule, ParameterRule } from './rules.ts';

const counter = (at: string): ParameterRule => ({ at, as: 'low-32', type: 'unsignedInt' });
const path = (at: string): ParameterRule => ({ at, as: 'path', type: 'string' });

/** What WANIPConnection and WANPPPConnection have in common. */
const portMapping: ObjectRule = {
  rows: { stack: 'port-mapping' },
  add: 'NAT.PortMapping.',
  remove: 'mapping',
  same: { at: '$mapping.', names: 'ExternalPort ExternalPortEndRange InternalPort InternalClient RemoteHost' },
  parameters: {
    PortMappingEnabled: '$mapping.Enable',
    PortMappingProtocol: '$mapping.Protocol',
    PortMappingDescription: '$mapping.Description',
    PortMappingLeaseDuration: '$mapping.LeaseDuration',
  },
};
const wanStats: ObjectRule = {
  when: 'ip',
  parameters: {
    EthernetBytesSent: counter('$ip.Stats.BytesSent'),
    EthernetBytesReceived: counter('$ip.Stats.BytesReceived'),
    EthernetPacketsSent: counter('$ip.Stats.PacketsSent'),
    EthernetPacketsReceived: counter('$ip.Stats.PacketsReceived'),
    EthernetErrorsSent: counter('$ip.Stats.ErrorsSent'),
    EthernetErrorsReceived: counter('$ip.Stats.ErrorsReceived'),
    EthernetDiscardPacketsSent: counter('$ip.Stats.DiscardPacketsSent'),
    EthernetDiscardPacketsReceived: counter('$ip.Stats.DiscardPacketsReceived'),
  },
};

/**
 * Objects of InternetGatewayDevice:1.14 (TR-098), below `InternetGatewayDevice.`, and where their parameters are in Device:2. What
 * TR-181 does not have on this device is not there under this root either; rows are counted in stack.ts.
 */
export const tr098: Readonly<Record<string, ObjectRule>> = {
  '': {
    parameters: {
      DeviceSummary: {
        is: 'InternetGatewayDevice:1.14[](Baseline:1, EthernetLAN:1, EthernetWAN:1, WiFiLAN:1, Time:1)',
        forcedInform: true,
      },
      LANDeviceNumberOfEntries: { count: 'LANDevice' },
      WANDeviceNumberOfEntries: { count: 'WANDevice' },
      UserNumberOfEntries: { count: 'User' },
    },
  },
  'DeviceInfo.': {
    same: {
      at: 'DeviceInfo.',
      names:
        'Manufacturer ManufacturerOUI ModelName Description ProductClass SerialNumber HardwareVersion SoftwareVersion ' +
        'AdditionalHardwareVersion AdditionalSoftwareVersion ProvisioningCode UpTime FirstUseDate',
    },
    parameters: {
      SpecVersion: { is: '1.0', forcedInform: true },
      VendorConfigFileNumberOfEntries: { count: 'VendorConfigFile' },
    },
  },
  'DeviceInfo.MemoryStatus.': { same: { at: 'DeviceInfo.MemoryStatus.', names: 'Total Free' } },
  'DeviceInfo.ProcessStatus.': { same: { at: 'DeviceInfo.ProcessStatus.', names: 'CPUUsage' } },
  'DeviceInfo.VendorConfigFile.{i}.': {
    rows: { each: 'DeviceInfo.VendorConfigFile.', bind: 'file' },
    same: { at: '$file.', names: 'Name Version Date Description' },
  },
  'ManagementServer.': {
    same: {
      at: 'ManagementServer.',
      names:
        'EnableCWMP URL Username Password PeriodicInformEnable PeriodicInformInterval PeriodicInformTime ParameterKey ' +
        'ConnectionRequestURL ConnectionRequestUsername ConnectionRequestPassword UpgradesManaged ' +
        'DefaultActiveNotificationThrottle CWMPRetryMinimumWaitInterval CWMPRetryIntervalMultiplier ' +
        'UDPConnectionRequestAddress UDPConnectionRequestAddressNotificationLimit STUNEnable STUNServerAddress STUNServerPort ' +
        'STUNUsername STUNPassword STUNMaximumKeepAlivePeriod STUNMinimumKeepAlivePeriod NATDetected ' +
        'SupportedConnReqMethods ConnReqAllowedJabberIDs ConnReqJabberID',
    },
  },
  'Time.': {
    same: { at: 'Time.', names: 'Enable Status CurrentLocalTime' },
    parameters: {
      NTPServer1: { at: '$time?.Servers', as: 'item-1', type: 'string' },
      NTPServer2: { at: '$time?.Servers', as: 'item-2', type: 'string' },
      NTPServer3: { at: '$time?.Servers', as: 'item-3', type: 'string' },
      NTPServer4: { at: '$time?.Servers', as: 'item-4', type: 'string' },
      NTPServer5: { at: '$time?.Servers', as: 'item-5', type: 'string' },
      LocalTimeZone: { at: 'Time.LocalTimeZone', as: 'zone-offset', write: false },
      LocalTimeZoneName: 'Time.LocalTimeZone',
    },
  },
  'UserInterface.': { same: { at: 'UserInterface.', names: 'PasswordRequired' } },
  'LANConfigSecurity.': { same: { at: 'LANConfigSecurity.', names: 'ConfigPassword' } },
  'Firewall.': { same: { at: 'Firewall.', names: 'Config' } },
  'User.{i}.': {
    rows: { each: 'Users.User.', bind: 'user' },
    add: 'Users.User.',
    remove: 'user',
    same: { at: '$user.', names: 'Enable Username Password' },
  },
  'Layer2Bridging.': { parameters: { BridgeNumberOfEntries: { count: 'Bridge' } } },
  'Layer2Bridging.Bridge.{i}.': {
    rows: { each: 'Bridging.Bridge.', bind: 'bridge' },
    parameters: { BridgeEnable: '$bridge.Enable', BridgeName: '$bridge.Name', BridgeStatus: '$bridge.Status' },
  },
  'Layer3Forwarding.': {
    ofDefaultRoute: true,
    parameters: {
      DefaultConnectionService: path('$ip?.'),
      ForwardNumberOfEntries: { count: 'Forwarding' },
    },
  },
  'Layer3Forwarding.Forwarding.{i}.': {
    rows: { each: '$router.IPv4Forwarding.', bind: 'route' },
    add: '$router.IPv4Forwarding.',
    remove: 'route',
    same: { at: '$route.', names: 'Enable Status DestIPAddress DestSubnetMask GatewayIPAddress ForwardingMetric' },
    parameters: { Interface: path('$route.Interface') },
  },
  'IPPingDiagnostics.': {
    same: {
      at: 'IP.Diagnostics.IPPing.',
      names:
        'DiagnosticsState Host NumberOfRepetitions Timeout DataBlockSize DSCP SuccessCount FailureCount ' +
        'AverageResponseTime MinimumResponseTime MaximumResponseTime',
    },
    parameters: { Interface: path('IP.Diagnostics.IPPing.Interface') },
  },
  'DownloadDiagnostics.': {
    same: {
      at: 'IP.Diagnostics.DownloadDiagnostics.',
      names: 'DiagnosticsState DownloadURL DSCP EthernetPriority ROMTime BOMTime EOMTime TestBytesReceived',
    },
  },
  'UploadDiagnostics.': {
    same: {
      at: 'IP.Diagnostics.UploadDiagnostics.',
      names: 'DiagnosticsState UploadURL DSCP EthernetPriority TestFileLength ROMTime BOMTime EOMTime',
    },
  },
  'TraceRouteDiagnostics.': {
    same: {
      at: 'IP.Diagnostics.TraceRoute.',
      names: 'DiagnosticsState Host NumberOfTries Timeout DataBlockSize DSCP MaxHopCount ResponseTime',
    },
  },
  'NSLookupDiagnostics.': {
    same: {
      at: 'DNS.Diagnostics.NSLookupDiagnostics.',
      names: 'DiagnosticsState HostName DNSServer Timeout NumberOfRepetitions SuccessCount',
    },
  },
  'LANDevice.{i}.': {
    rows: { stack: 'lan' },
    parameters: {
      LANEthernetInterfaceNumberOfEntries: { count: 'LANEthernetInterfaceConfig' },
      LANWLANConfigurationNumberOfEntries: { count: 'WLANConfiguration' },
    },
  },
  'LANDevice.{i}.LANHostConfigManagement.': {
    when: 'ip',
    same: {
      at: '$pool.',
      names: 'MinAddress MaxAddress SubnetMask DNSServers DomainName IPRouters ReservedAddresses',
    },
    parameters: {
      DHCPServerEnable: '$pool.Enable',
      DHCPLeaseTime: '$pool.LeaseTime',
      MACAddress: { at: '$link?.MACAddress', write: false },
      IPInterfaceNumberOfEntries: { count: 'IPInterface' },
      DHCPStaticAddressNumberOfEntries: { count: 'DHCPStaticAddress' },
      DHCPOptionNumberOfEntries: { count: 'DHCPOption' },
    },
  },
  'LANDevice.{i}.LANHostConfigManagement.IPInterface.{i}.': {
    rows: { each: '$ip.IPv4Address.', bind: 'address' },
    parameters: {
      Enable: '$address.Enable',
      IPInterfaceIPAddress: '$address.IPAddress',
      IPInterfaceSubnetMask: '$address.SubnetMask',
      IPInterfaceAddressingType: { at: '$address.AddressingType', as: 'addressing' },
    },
  },
  'LANDevice.{i}.LANHostConfigManagement.DHCPStaticAddress.{i}.': {
    rows: { each: '$pool.StaticAddress.', bind: 'static' },
    add: '$pool.StaticAddress.',
    remove: 'static',
    same: { at: '$static.', names: 'Enable Chaddr Yiaddr' },
  },
  'LANDevice.{i}.LANHostConfigManagement.DHCPOption.{i}.': {
    rows: { each: '$pool.Option.', bind: 'option' },
    add: '$pool.Option.',
    remove: 'option',
    same: { at: '$option.', names: 'Enable Tag' },
  },
  'LANDevice.{i}.LANEthernetInterfaceConfig.{i}.': {
    rows: { stack: 'lan-port' },
    same: { at: '$port.', names: 'Enable MACAddress DuplexMode' },
    parameters: {
      Status: { at: '$port.Status', as: 'link' },
      Name: '$port.Name',
      MaxBitRate: { at: '$port.MaxBitRate', as: 'auto', type: 'string' },
    },
  },
  'LANDevice.{i}.LANEthernetInterfaceConfig.{i}.Stats.': {
    parameters: {
      BytesSent: counter('$port.Stats.BytesSent'),
      BytesReceived: counter('$port.Stats.BytesReceived'),
      PacketsSent: counter('$port.Stats.PacketsSent'),
      PacketsReceived: counter('$port.Stats.PacketsReceived'),
      ErrorsSent: counter('$port.Stats.ErrorsSent'),
      ErrorsReceived: counter('$port.Stats.ErrorsReceived'),
    },
  },
  'LANDevice.{i}.Hosts.': { parameters: { HostNumberOfEntries: { count: 'Host' } } },
  'LANDevice.{i}.Hosts.Host.{i}.': {
    rows: { stack: 'host' },
    same: { at: '$host.', names: 'IPAddress HostName Active InterfaceType' },
    parameters: {
      MACAddress: '$host.PhysAddress',
      Layer2Interface: path('$host.Layer1Interface'),
      AddressSource: '$host.AddressSource',
      LeaseTimeRemaining: '$host.LeaseTimeRemaining',
    },
  },
  'LANDevice.{i}.WLANConfiguration.{i}.': {
    rows: { stack: 'wlan' },
    add: 'WiFi.SSID.',
    addWith: { LowerLayers: '$radio' },
    remove: 'ssid',
    parameters: {
      Enable: { at: '$ap.Enable', also: ['$ssid.Enable'] },
      RadioEnabled: '$radio?.Enable',
      Status: { at: '$ssid.Status', as: 'wlan-status' },
      BSSID: '$ssid.BSSID',
      Name: '$ssid.Name',
      SSID: '$ssid.SSID',
      SSIDAdvertisementEnabled: '$ap.SSIDAdvertisementEnabled',
      Channel: '$radio?.Channel',
      AutoChannelEnable: '$radio?.AutoChannelEnable',
      PossibleChannels: '$radio?.PossibleChannels',
      Standard: '$radio?.OperatingStandards',
      RegulatoryDomain: '$radio?.RegulatoryDomain',
      TransmitPower: { at: '$radio?.TransmitPower', as: 'power', type: 'unsignedInt' },
      TransmitPowerSupported: '$radio?.TransmitPowerSupported',
      MaxBitRate: { at: '$radio?.MaxBitRate', type: 'string' },
      ChannelsInUse: '$radio?.ChannelsInUse',
      BeaconType: { at: '$ap.Security.ModeEnabled', as: 'beacon' },
      WPAEncryptionModes: { at: '$ap.Security.ModeEnabled', as: 'wpa-cipher' },
      WPAAuthenticationMode: { at: '$ap.Security.ModeEnabled', as: 'wpa-auth' },
      IEEE11iEncryptionModes: { at: '$ap.Security.ModeEnabled', as: '11i-cipher' },
      IEEE11iAuthenticationMode: { at: '$ap.Security.ModeEnabled', as: '11i-auth' },
      KeyPassphrase: '$ap.Security.KeyPassphrase',
      MACAddressControlEnabled: '$ap.MACAddressControlEnabled',
      WMMSupported: '$ap.WMMCapability',
      UAPSDSupported: '$ap.UAPSDCapability',
      WMMEnable: '$ap.WMMEnable',
      UAPSDEnable: '$ap.UAPSDEnable',
      TotalAssociations: '$ap.AssociatedDeviceNumberOfEntries',
      TotalBytesSent: counter('$ssid.Stats.BytesSent'),
      TotalBytesReceived: counter('$ssid.Stats.BytesReceived'),
      TotalPacketsSent: counter('$ssid.Stats.PacketsSent'),
      TotalPacketsReceived: counter('$ssid.Stats.PacketsReceived'),
    },
  },
  'LANDevice.{i}.WLANConfiguration.{i}.WPS.': { same: { at: '$ap.WPS.', names: 'Enable' } },
  'LANDevice.{i}.WLANConfiguration.{i}.PreSharedKey.{i}.': {
    rows: 'one',
    parameters: { KeyPassphrase: '$ap.Security.KeyPassphrase', PreSharedKey: '$ap.Security.PreSharedKey' },
  },
  'LANDevice.{i}.WLANConfiguration.{i}.WEPKey.{i}.': {
    rows: 'one',
    parameters: { WEPKey: '$ap.Security.WEPKey' },
  },
  'LANDevice.{i}.WLANConfiguration.{i}.AssociatedDevice.{i}.': {
    rows: { each: '$ap.AssociatedDevice.', bind: 'station' },
    parameters: {
      AssociatedDeviceMACAddress: '$station.MACAddress',
      AssociatedDeviceIPAddress: '$host?.IPAddress',
      AssociatedDeviceAuthenticationState: '$station.AuthenticationState',
      LastDataTransmitRate: { at: '$station.LastDataDownlinkRate', as: 'kilobits-to-megabits', type: 'string' },
    },
  },
  'WANDevice.{i}.': {
    rows: { stack: 'wan' },
    parameters: { WANConnectionNumberOfEntries: { count: 'WANConnectionDevice' } },
  },
  'WANDevice.{i}.WANCommonInterfaceConfig.': {
    parameters: {
      WANAccessType: { is: 'Ethernet', when: 'port' },
      PhysicalLinkStatus: { at: '$physical.Status', as: 'link' },
      TotalBytesSent: counter('$physical.Stats.BytesSent'),
      TotalBytesReceived: counter('$physical.Stats.BytesReceived'),
      TotalPacketsSent: counter('$physical.Stats.PacketsSent'),
      TotalPacketsReceived: counter('$physical.Stats.PacketsReceived'),
      Layer1UpstreamMaxBitRate: { at: '$physical.CurrentBitRate', as: 'megabits-to-bits' },
      Layer1DownstreamMaxBitRate: { at: '$physical.CurrentBitRate', as: 'megabits-to-bits' },
    },
  },
  'WANDevice.{i}.WANDSLInterfaceConfig.': {
    when: 'dsl',
    parameters: {
      Enable: '$dsl.Enable',
      Status: { at: '$dsl.Status', as: 'link' },
      UpstreamCurrRate: '$channel?.UpstreamCurrRate',
      DownstreamCurrRate: '$channel?.DownstreamCurrRate',
    },
  },
  'WANDevice.{i}.WANEthernetInterfaceConfig.': {
    when: 'port',
    same: { at: '$port.', names: 'Enable MACAddress DuplexMode' },
    parameters: {
      Status: { at: '$port.Status', as: 'link' },
      MaxBitRate: { at: '$port.MaxBitRate', as: 'auto', type: 'string' },
    },
  },
  'WANDevice.{i}.WANConnectionDevice.{i}.': {
    rows: { stack: 'wan-link' },
    parameters: {
      WANIPConnectionNumberOfEntries: { count: 'WANIPConnection' },
      WANPPPConnectionNumberOfEntries: { count: 'WANPPPConnection' },
    },
  },
  'WANDevice.{i}.WANConnectionDevice.{i}.WANDSLLinkConfig.': {
    when: 'atm',
    parameters: { DestinationAddress: '$atm.DestinationAddress' },
  },
  'WANDevice.{i}.WANConnectionDevice.{i}.WANIPConnection.{i}.': {
    rows: { stack: 'wan-ip' },
    parameters: {
      Enable: '$ip.Enable',
      ConnectionStatus: { at: '$ip.Status', as: 'connection' },
      Name: '$ip.Name',
      Uptime: '$ip.LastChange',
      ConnectionType: { is: 'IP_Routed' },
      ExternalIPAddress: { at: '$address?.IPAddress', staticOnly: true },
      SubnetMask: { at: '$address?.SubnetMask', staticOnly: true },
      AddressingType: { at: '$address?.AddressingType', as: 'addressing' },
      DefaultGateway: { at: '$client?.IPRouters', as: 'first-item', type: 'string', write: false },
      DNSServers: { at: '$client?.DNSServers', write: false },
      MaxMTUSize: '$ip.MaxMTUSize',
      MACAddress: { at: '$link?.MACAddress' },
      NATEnabled: '$nat?.Enable',
      Reset: '$ip.Reset',
      PortMappingNumberOfEntries: { count: 'PortMapping' },
    },
  },
  'WANDevice.{i}.WANConnectionDevice.{i}.WANIPConnection.{i}.Stats.': wanStats,
  'WANDevice.{i}.WANConnectionDevice.{i}.WANIPConnection.{i}.DHCPClient.': {
    when: 'client',
    parameters: {
      SentDHCPOptionNumberOfEntries: { count: 'SentDHCPOption' },
      ReqDHCPOptionNumberOfEntries: { count: 'ReqDHCPOption' },
    },
  },
  'WANDevice.{i}.WANConnectionDevice.{i}.WANIPConnection.{i}.DHCPClient.SentDHCPOption.{i}.': {
    rows: { each: '$client.SentOption.', bind: 'sent' },
    add: '$client.SentOption.',
    remove: 'sent',
    same: { at: '$sent.', names: 'Enable Tag' },
  },
  'WANDevice.{i}.WANConnectionDevice.{i}.WANIPConnection.{i}.DHCPClient.ReqDHCPOption.{i}.': {
    rows: { each: '$client.ReqOption.', bind: 'requested' },
    add: '$client.ReqOption.',
    remove: 'requested',
    same: { at: '$requested.', names: 'Enable Tag' },
  },
  'WANDevice.{i}.WANConnectionDevice.{i}.WANIPConnection.{i}.PortMapping.{i}.': portMapping,
  'WANDevice.{i}.WANConnectionDevice.{i}.WANPPPConnection.{i}.': {
    rows: { stack: 'wan-ppp' },
    add: 'PPP.Interface.',
    addWith: { LowerLayers: '$link' },
    remove: 'ppp',
    same: {
      at: '$ppp.',
      names:
        'Enable ConnectionStatus LastConnectionError Name Username Password ConnectionTrigger IdleDisconnectTime ' +
        'AutoDisconnectTime MaxMRUSize CurrentMRUSize Reset',
    },
    parameters: {
      ConnectionType: { is: 'IP_Routed' },
      Uptime: '$ip?.LastChange',
      ExternalIPAddress: { at: '$address?.IPAddress', write: false },
      RemoteIPAddress: '$ppp.IPCP.RemoteIPAddress',
      DNSServers: '$ppp.IPCP.DNSServers',
      PPPoEServiceName: '$ppp.PPPoE.ServiceName',
      PPPoEACName: '$ppp.PPPoE.ACName',
      PPPAuthenticationProtocol: '$ppp.AuthenticationProtocol',
      PPPEncryptionProtocol: '$ppp.EncryptionProtocol',
      PPPLCPEcho: { at: '$ppp.LCPEcho', write: false },
      PPPLCPEchoRetry: { at: '$ppp.LCPEchoRetry', write: false },
      NATEnabled: '$nat?.Enable',
      DefaultGateway: { at: '$ppp.IPCP.RemoteIPAddress', write: false },
      MACAddress: { at: '$link?.MACAddress' },
      PortMappingNumberOfEntries: { count: 'PortMapping' },
    },
  },
  'WANDevice.{i}.WANConnectionDevice.{i}.WANPPPConnection.{i}.Stats.': wanStats,
  'WANDevice.{i}.WANConnectionDevice.{i}.WANPPPConnection.{i}.PortMapping.{i}.': portMapping,
};

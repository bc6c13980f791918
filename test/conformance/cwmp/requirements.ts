/** One requirement of TR-069 on a CPE, and what shows that it is met. */
export interface Requirement {
  readonly number: number;
  /** In our own words. */
  readonly text: string;
  /** Tests, as `file › part of the title`; all of them have to pass. */
  readonly proofs: readonly string[];
  /** Why there is no proof, or what the proofs leave open. */
  readonly open?: string;
  /** false: it binds only a device that can what this one can not; `open` says why, and the proofs that it is so. */
  readonly applies?: false;
}

const wire = 'test/conformance/cwmp/wire.test.ts';
const http = 'test/behaviour/cwmp/session-http.test.ts';
const client = 'test/behaviour/cwmp/client.test.ts';
const agent = 'test/behaviour/cwmp/agent-acs.test.ts';
const halfWay = 'test/behaviour/cwmp/half-way.test.ts';
const interop = 'test/behaviour/cwmp/interop.test.ts';
const hostile = 'test/behaviour/cwmp/hostile-acs.test.ts';
const aliases = 'test/behaviour/cwmp/aliases.test.ts';
const heartbeat = 'test/behaviour/cwmp/heartbeat.test.ts';
const lightweight = 'test/behaviour/cwmp/lightweight.test.ts';
const udp = 'test/behaviour/cwmp/udp-connection-request.test.ts';
const keeper = 'test/behaviour/cwmp/stun-keeper.test.ts';
const transfersAcs = 'test/behaviour/cwmp/transfers-acs.test.ts';
const retry = 'test/conformance/cwmp/retry.test.ts';
const listener = 'test/behaviour/http-listener.test.ts';
const tls = 'test/behaviour/tls-trust.test.ts';
const rpc = 'test/unit/cwmp/rpc.test.ts';
const exchange = 'test/unit/cwmp/exchange.test.ts';
const envelope = 'test/unit/cwmp/envelope.test.ts';
const versions = 'test/unit/cwmp/versions.test.ts';
const transfers = 'test/unit/cwmp/transfers.test.ts';
const stun = 'test/unit/cwmp/stun.test.ts';
const xmpp = 'test/unit/cwmp/xmpp.test.ts';
const soap = 'test/property/cwmp/soap.test.ts';
const addresses = 'test/unit/platform/addresses.test.ts';
const prosody = 'test/peers/prosody.test.ts';
const dnsmasq = 'test/peers/dnsmasq.test.ts';
const gateway = 'test/behaviour/cwmp/gateway-info.test.ts';
const discovery = 'test/unit/services/acs-discovery.test.ts';
const vendorOptions = 'test/unit/services/vendor-options.test.ts';
const coturn = 'test/peers/coturn.test.ts';

const is = (number: number, text: string, ...proofs: string[]): Requirement => ({ number, text, proofs });
const isButFor = (number: number, text: string, open: string, ...proofs: string[]): Requirement => ({
  ...{ number, text, proofs, open },
});
const notApplicable = (number: number, text: string, why: string, ...proofs: string[]): Requirement => ({
  ...{ number, text, proofs, open: why, applies: false },
});
const notYet = (number: number, text: string, open: string): Requirement => ({ number, text, proofs: [], open });

/** All of them, in the order of their numbers. */
export const requirements: readonly Requirement[] = [
  is(
    1,
    'HTTP/1.1, one connection for the session, opened anew when the ACS closes it',
    `${http} › opens the connection anew`,
    `${interop} › %s`,
  ),
  is(2, 'Bodies with a length, in chunks and up to the close', `${wire} › 2: takes bodies`),
  is(3, 'One envelope in each POST; answers in the next one', `${wire} › 3: each message`),
  is(4, 'Content type and SOAPAction of messages; an empty POST has neither', `${wire} › 4: a message`),
  is(5, 'An empty 200 and 204 both end the ACS’s turn', `${wire} › 5: an empty 200`, `${interop} › %s`),
  is(
    6,
    'Namespaces of 1.0, 1.1, and one for 1.2 to 1.4',
    `${rpc} › answers in its namespace and with its ID`,
    `${versions} › are all offered in the Inform`,
  ),
  is(7, 'Arguments without prefix', `${wire} › 7: only the message`),
  is(
    8,
    'Prefixes of the peer mean nothing; comments, CDATA, BOM, empty elements',
    `${envelope} › goes by namespaces`,
    `${interop} › of everything at once`,
    `${soap} › SOAP`,
  ),
  is(9, 'IDs: own ones unique, the ACS’s byte for byte', `${wire} › 9: own requests`, `${interop} › %s`),
  is(10, 'HoldRequests', `${versions} › HoldRequests keeps`),
  is(11, 'NoMoreRequests is ignored', `${versions} › that need not be understood, and NoMoreRequests`),
  is(12, 'SessionTimeout in the Inform', `${versions} › are all offered in the Inform`),
  is(13, 'SupportedCWMPVersions in every Inform', `${versions} › are all offered in the Inform`),
  is(14, 'UseCWMPVersion chooses; one that was not offered ends the session', `${versions} › that were not offered`),
  is(15, 'Headers that must be understood', `${versions} › that must be understood and are not`),
  is(16, 'Arrays with exact counts out, with any in', `${rpc} › GetParameterValues: partial paths`, `${interop} › %s`),
  is(17, 'Values carry their type', `${wire} › 17: values carry`),
  is(18, 'Booleans and times in all their forms', `${wire} › 18: a boolean`, `${interop} › milliseconds`),
  isButFor(
    19,
    'Envelopes of 32 KB and more; large answers in pieces',
    'the growth of memory is a figure of the bench (`cwmp_big_answer_rss_mb`)',
    `${hostile} › of five thousand parameters`,
    `${http} › compresses with %s`,
  ),
  is(20, 'Limits of lengths', `${wire} › 20: keys and names`),
  is(
    21,
    'Compression when HTTPCompression says so; 415',
    `${http} › sends it again as it is when the ACS answers 415`,
    `${interop} › no-compression`,
  ),
  is(
    22,
    'Redirects with the body, five at most, for the rest of the session',
    `${http} › follows redirects`,
    `${hostile} › of %s fails the session once`,
  ),
  is(
    23,
    'Credentials go with a redirect, cookies by their rules',
    `${wire} › 23: the credentials`,
    `${exchange} › go back to where they came from`,
  ),
  is(
    24,
    'Cookies of the session only',
    `${wire} › 24: cookies`,
    `${exchange} › are taken back as the server says`,
    `${exchange} › of a closer path come first`,
  ),
  is(
    25,
    'Digest and Basic, never Basic in the clear; a new challenge at any time',
    `${interop} › of asking for %s anew`,
    `${exchange} › prefers the stronger`,
    `${exchange} › takes and gives names and realms in UTF-8`,
    `${agent} › uses Basic over TLS`,
  ),
  is(26, 'Nonce counts and the URI of Digest', `${wire} › 26: the count`),
  is(
    27,
    'TLS: chain, name, dates; without a clock all but the dates; client certificate',
    `${tls} › a certificate that is %s`,
    `${agent} › bootstraps over mutual TLS`,
    `${agent} › does not speak to a server of another name`,
    `${tls} › knows an IPv6 address of the ACS`,
  ),
  is(28, 'HTTP authentication beside a client certificate', `${agent} › bootstraps over mutual TLS with Digest`),
  is(
    29,
    'An ACS that does not answer is given up',
    `${http} › gives an answer that drips up`,
    `${hostile} › that drips`,
  ),
  is(30, 'What fails a session', `${hostile} › %s`, `${hostile} › of %s fails the session once`),
  is(
    31,
    'One session at a time, Inform first',
    `${exchange} › informs, says that it has nothing`,
    `${client} › in the middle of a session begins another one after it`,
  ),
  is(
    32,
    'Own requests after the Inform, then the empty POST',
    `${exchange} › sends its own requests before the empty one`,
  ),
  is(33, 'One envelope at a time', `${wire} › 70: the Inform`, `${exchange} › informs, says that it has nothing`),
  is(34, 'Answers before requests of its own', `${versions} › HoldRequests keeps`),
  is(
    35,
    'What comes up after the empty POST is told in the next session',
    `${client} › begins after the session that ordered it`,
  ),
  is(
    36,
    'A session ends well only when both have nothing more',
    `${client} › tries again by the table`,
    `${transfers} › are told until they are acknowledged`,
  ),
  is(
    37,
    '8005 repeats the request, a bounded number of times',
    `${exchange} › repeats a request`,
    `${interop} › malformed-fault`,
  ),
  is(38, 'An ACS without a method loops nothing', `${transfers} › is sent after the ACS was asked what it knows`),
  is(39, 'GetRPCMethods of the ACS', `${transfers} › is sent after the ACS was asked what it knows`),
  is(
    40,
    'Reboots, resets and changes of the link wait for the end of the session',
    `${rpc} › puts a reboot off`,
    `${client} › is written and read at once, Status 1`,
    `${halfWay} › is done when the session breaks after`,
  ),
  is(41, 'A session that does not end is ended', `${hostile} › without end are given up at the deadline`),
  isButFor(
    42,
    'The event codes',
    '13 WAKEUP: a device without standby has none',
    `${client} › begins with BOOTSTRAP and BOOT`,
    `${heartbeat} › comes at its phase`,
    `${transfers} › are told until they are acknowledged`,
  ),
  is(43, 'Single codes once, codes with a key once for each', `${wire} › 43: one of each`),
  is(
    44,
    'BOOTSTRAP: first contact, another URL; everything else is dropped with it',
    `${client} › tells BOOTSTRAP to an ACS at another URL`,
    `${client} › tells BOOT after a boot`,
    `${halfWay} › is owed to it after a boot as well`,
    `${halfWay} › is forgotten when there is yet another`,
  ),
  is(45, 'BOOT after each boot, not after a restart of the agent', `${client} › tells BOOT after a boot`),
  is(46, 'PERIODIC: kept, at its phase', `${client} › informs periodically`, `${client} › keeps a periodic inform`),
  is(
    47,
    'SCHEDULED: kept, each with its key',
    `${client} › is told when its time comes`,
    `${client} › survives a power cut`,
    `${halfWay} › does not end the retries of a session that failed`,
    `${halfWay} › is no reason to tell what was acknowledged`,
  ),
  is(
    48,
    'VALUE CHANGE until it is delivered',
    `${client} › tells a passive one`,
    `${halfWay} › outlive a restart of the agent: what is active`,
    `${heartbeat} › a change of what was just told`,
  ),
  is(
    49,
    'KICKED and REQUEST DOWNLOAD',
    `${transfers} › is asked where somebody is to be sent next`,
    `${transfersAcs} › other programs ask the ACS`,
  ),
  is(50, 'CONNECTION REQUEST is told once', `${wire} › 50: a connection request`),
  is(
    51,
    'TRANSFER COMPLETE until its response',
    `${client} › is told again when the session failed before its acknowledgement`,
    `${transfers} › are told until they are acknowledged`,
  ),
  is(52, 'DIAGNOSTICS COMPLETE', 'test/behaviour/diagnostics.test.ts › the device tests itself'),
  is(
    53,
    'Autonomous transfers and changes of software',
    `${transfers} › is told of transfers of its own by the policy alone`,
    `${transfers} › that change by themselves are told`,
  ),
  is(
    54,
    'M Reboot with the BOOT that follows',
    `${client} › reboots after the session, with the event of it on flash before`,
  ),
  notApplicable(
    55,
    'WAKEUP after standby',
    'it binds a CPE that goes to standby and offers StandbyPolicy; a router that forwards does not, and this one never sends the event',
    `${gateway} › standby is neither offered nor told of`,
  ),
  is(
    56,
    'HEARTBEAT: a session of its own with the forced parameters',
    `${heartbeat} › comes at its phase`,
    `${heartbeat} › leaves alone what is owed otherwise`,
  ),
  is(
    57,
    'Events begin a session at once; some do not wait for a retry',
    `${client} › in the middle of a session`,
    `${heartbeat} › does not come while a session is tried again`,
  ),
  is(
    58,
    'What comes up in a session goes to the next, right after',
    `${client} › in the middle of a session begins another one after it`,
    `${heartbeat} › a burst of connection requests`,
  ),
  is(
    59,
    'Nothing is lost in a power cut',
    `${client} › keeps a periodic inform that failed over a power cut`,
    `${client} › survives a power cut`,
    'test/property/cwmp/transfers.test.ts › reports what was ordered and not cancelled once',
  ),
  is(60, 'RetryCount', `${client} › tries again by the table, counts`),
  is(
    61,
    'The wait before a retry',
    'test/unit/usp/retrying.test.ts › waits',
    `${client} › tries again by the table, counts`,
  ),
  is(
    62,
    'The table, with a randomness of the device',
    `${retry} › 62: is the table`,
    `${client} › tries again by the table, counts`,
  ),
  is(
    63,
    'The same events are tried again; new settings count from the next wait',
    `${client} › tries again by the table, counts`,
  ),
  is(
    64,
    'Addresses of the ACS at random, the next one in the same attempt',
    `${addresses} › spreads devices`,
    `${http} › tries the next address`,
  ),
  is(
    65,
    'IPv6 first, IPv4 in the same attempt',
    `${addresses} › tries every address once`,
    `${http} › tries the next address`,
    `${client} › is asked for in the family by which`,
  ),
  is(66, 'DeviceId equals DeviceInfo', `${wire} › 66: the Inform names`),
  is(67, 'The forced parameters', `${client} › begins with BOOTSTRAP and BOOT and the forced parameters`),
  is(
    68,
    'Changed parameters with their values',
    `${client} › tells an active one at once, with its value, unless the ACS made it`,
    `${halfWay} › tells a parameter once, however many`,
  ),
  is(69, 'The InformParameter table', `${client} › puts into the Inform what the InformParameter table asks for`),
  is(70, 'CurrentTime, MaxEnvelopes, RetryCount', `${wire} › 70: the Inform`),
  is(
    71,
    'Parameters that are always notified',
    `${rpc} › keeps notification attributes, and refuses`,
    `${udp} › as active notification is told at once`,
  ),
  is(
    72,
    'GatewayInfo behind a TR-069 gateway',
    `${gateway} › is in every Inform`,
    `${gateway} › without one there is nothing`,
  ),
  is(73, 'The RPCs of a CPE', `${rpc} › answers in its namespace`, `${transfers} › a download`),
  is(74, 'GetRPCMethods lists what there is', `${rpc} › answers in its namespace and with its ID`),
  is(75, 'GetParameterValues', `${wire} › 75: each parameter once`, `${rpc} › GetParameterValues of an unknown name`),
  is(
    76,
    'GetParameterNames',
    `${rpc} › GetParameterNames of %j`,
    `${rpc} › GetParameterNames of a full name with next level`,
    'test/behaviour/cwmp/tr098-view.test.ts › lists one level',
  ),
  is(
    77,
    'Writable: set, add, delete',
    'test/behaviour/cwmp/tr098-view.test.ts › lists one level',
    'test/behaviour/every-parameter.test.ts › that can be written is written',
  ),
  is(
    78,
    'SetParameterValues is all or nothing',
    `${rpc} › SetParameterValues names every parameter at fault and changes nothing`,
    `${rpc} › SetParameterValues names every parameter at fault, whatever`,
    `${wire} › %s`,
  ),
  is(79, 'Duplicates and objects in SetParameterValues', `${wire} › %s`),
  is(80, 'Types, ranges, read only', `${wire} › %s`),
  is(
    81,
    'Status 0 and 1',
    `${client} › is written and read at once, Status 1`,
    `${client} › leaves the rest at Status 0`,
  ),
  is(82, 'ParameterKey', `${rpc} › SetParameterValues stores values and the key`, `${wire} › %s`),
  is(
    83,
    'What the ACS writes is no value change',
    `${client} › tells an active one at once, with its value, unless the ACS made it`,
  ),
  is(84, 'AddObject', `${wire} › 84: what can not be added`, `${rpc} › AddObject gives the number`),
  is(
    85,
    'DeleteObject',
    `${wire} › 85: what can not be deleted`,
    `${rpc} › AddObject gives the number`,
    `${halfWay} › goes with the row, and the others stay`,
  ),
  is(
    86,
    'Instance numbers stay',
    'test/behaviour/cwmp/tr098-view.test.ts › of the interface stack keep their numbers',
    'test/unit/model/data-model.test.ts › adds and deletes rows and never gives a number twice',
  ),
  is(
    87,
    'SetParameterAttributes',
    `${wire} › 87: attributes of a subtree`,
    `${rpc} › keeps notification attributes`,
    `${client} › keeps the attributes over a restart`,
  ),
  is(88, 'Notification 0 to 6', `${lightweight} › of the kind %i`),
  is(
    89,
    'GetParameterAttributes',
    `${rpc} › keeps notification attributes`,
    `${aliases} › keeps attributes for the row`,
  ),
  is(
    90,
    'The throttle of active notifications',
    `${heartbeat} › puts off a session that has no other reason`,
    `${heartbeat} › puts off nothing else`,
  ),
  is(91, 'Wildcards in reading', `${aliases} › reads by wildcard`, `${aliases} › takes no wildcard in %s`),
  is(
    92,
    'Aliases, InstanceMode, AutoCreateInstances',
    `${aliases} › reads what a row of that alias has`,
    `${aliases} › names rows by their aliases`,
    `${aliases} › makes a row with the values`,
    `${aliases} › makes the rows below it`,
    `${aliases} › makes none of it when`,
  ),
  is(93, 'Reboot', `${agent} › reboots when told to`, `${client} › reboots after the session`),
  isButFor(
    94,
    'FactoryReset',
    'the wiping itself is the system’s (`firstboot`)',
    `${rpc} › puts a reboot off`,
    `${halfWay} › is a reset when it has ordered a reboot as well`,
    'test/unit/services/bootstrap.test.ts › is the same for every start in a boot',
  ),
  is(95, 'ScheduleInform', `${client} › refuses DelaySeconds %s`, `${client} › is told when its time comes`),
  is(
    96,
    'ScheduleReboot and DelayReboot',
    `${client} › comes so long after the session in which DelayReboot was set`,
    `${client} › comes when ScheduleReboot says`,
  ),
  is(
    97,
    'Another URL: this session ends with the old ACS',
    `${client} › tells BOOTSTRAP to an ACS at another URL, in the session after`,
  ),
  is(98, 'URL, user name and password take effect together', `${client} › tells BOOTSTRAP to an ACS at another URL`),
  isButFor(
    99,
    'File types',
    'firmware, web content, tones are refused until there is an installer',
    `${transfersAcs} › goes up, comes back changed`,
    `${transfersAcs} › sends the log`,
    `${transfersAcs} › a vendor`,
  ),
  is(
    100,
    'DownloadResponse and arguments that are refused at once',
    `${transfers} › is on flash before it is answered`,
    `${transfersAcs} › refuses at once`,
  ),
  is(
    101,
    'HTTP and HTTPS with authentication and redirects',
    'test/behaviour/http-streams.test.ts › go to the staging area',
    'test/peers/nginx-files.test.ts › come whole over mutual TLS with Basic',
  ),
  is(102, 'DelaySeconds', `${transfers} › waits for its delay`, `${transfers} › waits as long as it was told to`),
  is(
    103,
    'Queued transfers',
    `${transfers} › the seventeenth`,
    'test/property/cwmp/transfers.test.ts › reports what was ordered',
  ),
  is(104, 'FileSize and space', `${transfersAcs} › refuses at once`),
  notYet(105, 'Firmware', 'comes with the firmware installer: until then type 1 is refused'),
  is(
    106,
    'Faults of TransferComplete',
    `${transfers} › carry to an ACS of CWMP 1.0 only the faults that it knows`,
    `${transfersAcs} › is gone on with after the agent was killed`,
  ),
  is(
    107,
    'TransferComplete once for each transfer',
    `${transfers} › are told until they are acknowledged`,
    'test/property/cwmp/transfers.test.ts › reports what was ordered',
  ),
  is(
    108,
    'ScheduleDownload',
    `${transfers} › begin a download at once`,
    `${transfers} › end a download`,
    `${transfers} › allow as many tries`,
  ),
  is(
    109,
    'CancelTransfer, GetAllQueuedTransfers',
    `${transfers} › takes away what waits`,
    `${transfers} › is too late`,
  ),
  is(110, 'AutonomousTransferComplete by the policy', `${transfers} › is told of transfers of its own`),
  isButFor(
    111,
    'ChangeDUState',
    'an installer of software modules comes later: each operation is answered with its fault',
    `${transfersAcs} › ChangeDUState`,
    `${transfers} › are done in turn`,
  ),
  is(112, 'Fault codes', `${wire} › %s`, `${exchange} › answers an RPC that it does not know`),
  is(113, 'The SOAP fault around them', `${rpc} › GetParameterValues of an unknown name`, `${wire} › %s`),
  is(
    114,
    'Unknown RPCs are 9000, broken SOAP ends the session',
    `${exchange} › answers an RPC that it does not know`,
    `${hostile} › %s`,
  ),
  is(
    115,
    'Connection requests: path, Digest, fresh nonces',
    `${client} › begins a session for who knows the path`,
    `${client} › does not take a nonce that is too old`,
    `${client} › has no port without credentials`,
  ),
  is(
    116,
    'Answers of the connection request port',
    `${client} › begins a session for who knows the path`,
    `${listener} › answers without reading the body`,
  ),
  is(
    117,
    'Throttled; nobody blocks the device',
    `${listener} › drops who is not allowed, and who is too many`,
    `${listener} › ends a header that trickles`,
  ),
  is(
    118,
    'During a session: one more after it',
    `${client} › in the middle of a session`,
    `${heartbeat} › a burst of connection requests`,
  ),
  is(119, 'ConnectionRequestURL follows the address', `${client} › follows a change of address`),
  is(
    120,
    'UDP connection requests',
    `${udp} › begins one session for a request`,
    `${stun} › drops what is old, replayed`,
    `${stun} › takes one that is signed`,
  ),
  is(
    121,
    'STUN: bindings, their changes and lifetime',
    `${keeper} › is found out, told as changed`,
    `${stun} › writes the request of a CPE`,
    `${coturn} › tells the binding`,
  ),
  is(
    122,
    'Message integrity when it is asked for',
    `${keeper} › is not offered to a server that does not ask`,
    `${coturn} › answers to the right ones`,
  ),
  is(
    123,
    'UDPConnectionRequestAddress and NATDetected',
    `${keeper} › is the address itself where there is no NAT`,
    `${udp} › tells where it is reached`,
  ),
  is(
    124,
    'XMPP connection requests',
    `${prosody} › carries a connection request`,
    `${prosody} › lets nobody in`,
    `${xmpp} › is as TR-181 has it`,
  ),
  is(
    125,
    'SupportedConnReqMethods, ConnReqXMPPConnection',
    `${prosody} › follows what the ACS sets`,
    `${udp} › turns it on and off again`,
  ),
  is(
    126,
    'Lightweight notifications',
    `${lightweight} › is a signed POST in a datagram`,
    `${lightweight} › that is passive goes when its time comes`,
  ),
  is(
    127,
    'DHCP options of the ACS',
    `${dnsmasq} › lead the device to its ACS`,
    `${dnsmasq} › by a bare URL in option 43`,
    `${vendorOptions} › is read from option %s`,
    'test/unit/package/dhcp-hooks.test.ts › is what TR-069 wants',
    'test/unit/package/dhcp-hooks.test.ts › hands on what DHCPv6 says',
  ),
  is(
    128,
    'Which URL counts',
    'test/unit/services/bootstrap.test.ts › leaves what the image or the operator has set',
    `${client} › tells BOOTSTRAP to an ACS at another URL`,
    `${discovery} › comes before the default of the factory`,
    `${discovery} › does not count before what an operator has set`,
    `${discovery} › does not count before what the ACS has set`,
    `${discovery} › is gone back to when the ACS that was set later is lost`,
    `${discovery} › is not fallen back to when the first session was with another one`,
    `${dnsmasq} › lead the device to its ACS`,
  ),
  is(
    129,
    'Annex F: identities of gateway and devices over DHCP',
    `${dnsmasq} › make gateway and device known to each other`,
    'test/unit/package/dhcp-hooks.test.ts › notes who names himself',
  ),
  is(130, 'Diagnostics', 'test/behaviour/diagnostics.test.ts › the device tests itself'),
  is(131, 'EnableCWMP', `${client} › does what the configuration says while it runs`),
  is(
    132,
    'Passwords are neither read nor logged; the port is not open to everybody',
    `${wire} › 132: no password`,
    `${client} › says in the log what failed and never the password`,
    `${udp} › does not listen to whom the allow-list leaves out`,
  ),
];

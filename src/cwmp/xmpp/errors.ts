import { TandemError } from '#base';

/**
 * XMPP_XML (what came is no stream, or too much of one), XMPP_STREAM (a stream error of the server), XMPP_TLS (TLS is needed and not offered),
 * XMPP_AUTH (refused, or the server could not prove itself), XMPP_MECHANISM (none of the offered ones will do), XMPP_BIND, XMPP_SILENT,
 * XMPP_NO_SERVER.
 */
export class XmppError extends TandemError {}

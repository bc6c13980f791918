// Asks a DHCP server for every option, as a relay asks it: over plain UDP, so that no raw socket is needed.
// node dhcp-probe.cjs OWN-ADDRESS SERVER → {"43":"0102",…} on standard output, from the offer
const { createSocket } = require('node:dgram');

const [own, server] = process.argv.slice(2);
const head = Buffer.alloc(240);
// A request of an Ethernet client, broadcast, by way of the relay that we say we are.
head.set([1, 1, 6, 1, 0x12, 0x34, 0x56, 0x78, 0, 0, 0x80, 0]);
head.set(own.split('.').map(Number), 24);
head.set([2, 0, 0, 0, 0, 0x77], 28);
head.writeUInt32BE(0x63825363, 236);
const tags = Array.from({ length: 254 }, (_, at) => at + 1);
const discover = Buffer.concat([head, Buffer.of(53, 1, 1, 57, 2, 0x40, 0, 55, tags.length, ...tags, 255)]);

const socket = createSocket('udp4');
socket.on('message', (message) => {
  const options = {};
  for (let at = 240; at < message.length && message[at] !== 255; ) {
    const length = message[at] === 0 ? -1 : message[at + 1];
    if (length >= 0) options[message[at]] = message.subarray(at + 2, at + 2 + length).toString('hex');
    at += 2 + length;
  }
  process.stdout.write(JSON.stringify(options));
  socket.close();
  clearInterval(again);
});
let again;
socket.bind(67, own, () => {
  const send = () => socket.send(discover, 67, server, () => {});
  // The server may not be listening yet.
  again = setInterval(send, 50);
  send();
});

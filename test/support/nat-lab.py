"""Network namespaces behind emulated NAT, for tests. Needs root, iproute2 and /dev/net/tun; no kernel module, no firewall.

    nat-lab.py '[{"name": "a", "address": "10.1.0.2", "outside": "11.0.0.2"}, {"name": "p", "address": "11.0.0.1"}]'

Each namespace has one TUN device; this process carries packets between them. One with `outside` is behind a NAT of its own: what it
sends leaves from that address, from one outer port for each inner one, whoever it talks to (endpoint-independent mapping); what comes to
that port is let in only from where something was sent to before (address- and port-dependent filtering), until one side resets the
connection. Everyone else is on the open network. Prints `ready`; ends, and takes the namespaces with it, when its standard input closes.
"""
import fcntl, json, os, select, struct, subprocess, sys

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 0x0001, 0x1000
TCP, UDP = 6, 17
RST = 4
# what a checksum covers of each protocol, as an offset into its header
CHECKSUM = {TCP: 16, UDP: 6}
FIRST_OUTER_PORT = 20000


def sh(*words):
    subprocess.run(words, check=True)


class Host:
    """A namespace, and the NAT in front of it where there is one."""

    def __init__(self, index, name, address, outside=None):
        self.name, self.address, self.outside = name, packed(address), None if outside is None else packed(outside)
        self.outer, self.inner, self.contacted, self.next_port = {}, {}, set(), FIRST_OUTER_PORT
        self.fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
        device = f'nl{os.getpid() % 10000}x{index}'
        fcntl.ioctl(self.fd, TUNSETIFF, struct.pack('16sH', device.encode(), IFF_TUN | IFF_NO_PI))
        sh('ip', 'netns', 'add', name)
        sh('ip', 'link', 'set', device, 'netns', name)
        for words in (['link', 'set', 'lo', 'up'], ['addr', 'add', f'{address}/32', 'dev', device], ['link', 'set', device, 'up', 'mtu', '1400'], ['route', 'add', 'default', 'dev', device]):
            sh('ip', '-n', name, *words)

    def leave(self, packet):
        """What becomes of a packet on its way out."""
        if self.outside is None:
            return packet
        protocol, source, _, port, far_port = ends(packet)
        if source != self.address:
            return None
        key = (protocol, port)
        if key not in self.outer:
            self.outer[key], self.inner[(protocol, self.next_port)] = self.next_port, port
            self.next_port += 1
        contact = (protocol, self.outer[key], packet[16:20], far_port)
        if resets(packet):
            self.contacted.discard(contact)
        else:
            self.contacted.add(contact)
        return rewritten(packet, 12, self.outside, 0, self.outer[key])

    def enter(self, packet):
        """What becomes of one on its way in."""
        if self.outside is None:
            return packet
        protocol, source, _, far_port, port = ends(packet)
        if (protocol, port, source, far_port) not in self.contacted:
            return None
        if resets(packet):
            self.contacted.discard((protocol, port, source, far_port))
        return rewritten(packet, 16, self.address, 2, self.inner[(protocol, port)])


def packed(address):
    return bytes(int(part) for part in address.split('.'))


def ends(packet):
    start = (packet[0] & 15) * 4
    near, far = struct.unpack_from('!HH', packet, start)
    return packet[9], packet[12:16], packet[16:20], near, far


def resets(packet):
    return packet[9] == TCP and packet[(packet[0] & 15) * 4 + 13] & RST != 0


def fold(total):
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def adjusted(checksum, before, after):
    """RFC 1624: a checksum after some of what it covers has changed."""
    total = ~checksum & 0xffff
    for old, new in zip(struct.unpack(f'!{len(before) // 2}H', before), struct.unpack(f'!{len(after) // 2}H', after)):
        total = fold(total + (~old & 0xffff) + new)
    return ~total & 0xffff


def rewritten(packet, address_at, address, port_offset, port):
    out, start = bytearray(packet), (packet[0] & 15) * 4
    port_at, check_at = start + port_offset, start + CHECKSUM[packet[9]]
    before = bytes(out[address_at:address_at + 4]), bytes(out[port_at:port_at + 2])
    out[address_at:address_at + 4], out[port_at:port_at + 2] = address, struct.pack('!H', port)
    after = bytes(out[address_at:address_at + 4]), bytes(out[port_at:port_at + 2])
    struct.pack_into('!H', out, 10, adjusted(struct.unpack_from('!H', out, 10)[0], before[0], after[0]))
    struct.pack_into('!H', out, check_at, adjusted(struct.unpack_from('!H', out, check_at)[0], b''.join(before), b''.join(after)))
    return bytes(out)


def carry(hosts):
    by_address = {host.outside or host.address: host for host in hosts}
    by_fd = {host.fd: host for host in hosts}
    poll = select.poll()
    poll.register(0, select.POLLIN | select.POLLHUP)
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == 0:
                return
            packet = os.read(fd, 2048)
            if packet[0] >> 4 != 4 or packet[9] not in CHECKSUM:
                continue
            packet = by_fd[fd].leave(packet)
            target = None if packet is None else by_address.get(packet[16:20])
            packet = None if target is None else target.enter(packet)
            if packet is not None:
                try:
                    os.write(target.fd, packet)
                except BlockingIOError:
                    pass


hosts = []
try:
    for index, each in enumerate(json.loads(sys.argv[1])):
        hosts.append(Host(index, **each))
    print('ready', flush=True)
    carry(hosts)
finally:
    for host in hosts:
        subprocess.run(['ip', 'netns', 'del', host.name])

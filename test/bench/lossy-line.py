#!/usr/bin/env python3
"""lossy-line.py '{"names": ["a", "b"], "bytesPerSecond": 1250000, "delaySeconds": 0.05, "loss": 0.01, "queueBytes": 125000}'

Two network namespaces, 10.78.0.1 and 10.78.0.2, and a line between them that is slow, far and loses packets at random: the packets of a
TUN device in each pass through this process, for not every kernel has netem. Each direction has the rate, the delay (one way) and the loss.
Prints "ready"; SIGTERM takes both away. Root's privilege, Linux."""
import fcntl, heapq, json, os, random, select, signal, struct, subprocess, sys, time

IFF_TUN_NO_PI, TUNSETIFF = 0x1001, 0x400454ca
line = json.loads(sys.argv[1])
random.seed(1)


def run(*words):
    subprocess.run(words, check=True)


def open_end(number, name):
    fd = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    device = f'lossy{number}'
    fcntl.ioctl(fd, TUNSETIFF, struct.pack('16sH', device.encode(), IFF_TUN_NO_PI))
    run('ip', 'netns', 'add', name)
    run('ip', 'link', 'set', device, 'netns', name)
    for words in (['link', 'set', 'lo', 'up'], ['addr', 'add', f'10.78.0.{number}/24', 'dev', device], ['link', 'set', device, 'up', 'mtu', '1400', 'txqueuelen', '1000']):
        run('ip', '-n', name, *words)
    return fd


def close(*_):
    for name in line['names']:
        subprocess.run(['ip', 'netns', 'del', name])
    os._exit(0)


signal.signal(signal.SIGTERM, close)
ends = [open_end(number, name) for number, name in enumerate(line['names'], 1)]
other = dict(zip(ends, reversed(ends)))
free_at = dict.fromkeys(ends, 0.0)
poll, on_the_way, count = select.poll(), [], 0
for end in ends:
    poll.register(end, select.POLLIN)
print('ready', flush=True)
while True:
    now = time.monotonic()
    while on_the_way and on_the_way[0][0] <= now:
        _, _, end, packet = heapq.heappop(on_the_way)
        try:
            os.write(end, packet)
        except OSError:
            pass
    wait_ms = max(0, 1000 * (on_the_way[0][0] - now)) if on_the_way else 1000
    for end, _ in poll.poll(wait_ms):
        for _ in range(64):
            try:
                packet = os.read(end, 2048)
            except BlockingIOError:
                break
            now = time.monotonic()
            is_ipv4 = packet[0] >> 4 == 4
            is_full = (free_at[end] - now) * line['bytesPerSecond'] > line['queueBytes']
            if not is_ipv4 or is_full or random.random() < line['loss']:
                continue
            free_at[end] = max(now, free_at[end]) + len(packet) / line['bytesPerSecond']
            count += 1
            heapq.heappush(on_the_way, (free_at[end] + line['delaySeconds'], count, other[end], packet))

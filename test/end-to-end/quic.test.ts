import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadQuic } from '../../node/network/quic/binding.ts'
import { ShoalProcess, shoal, temporaryFolder } from '../support/shoal-process.ts'

const quic = await loadQuic()
const skipped = 'obstacle' in quic ? ` (skipped: ${quic.obstacle})` : ''
const LISTEN = ['--listen', '/ip4/127.0.0.1/udp/0/quic-v1']

test.skipIf(skipped !== '')(`two processes train one model over QUIC alone${skipped}`, async () => {
  const folder = await temporaryFolder()
  const peers: ShoalProcess[] = []
  try {
    const manifest = join(folder.path, 'quic.run')
    await shoal(['run', 'create', '--name', 'quic', '--steps', '0', '--every', '4', '--patience', '60', '--grace', '240', '--model', 'tiny', '--batch', '1', '--data-dir', join(folder.path, 'creator'), '--output', manifest])
    const start = (name: string, word: string): ShoalProcess => {
      const peer = new ShoalProcess(['join', word, '--json', '--data-dir', join(folder.path, name), ...LISTEN])
      peers.push(peer)
      return peer
    }
    const one = start('one', manifest)
    const { invite, addresses } = await one.event('started')
    expect(addresses).toEqual([expect.stringMatching(/^\/ip4\/127\.0\.0\.1\/udp\/\d+\/quic-v1\/p2p\//)])
    const two = start('two', invite)
    await Promise.all([one, two].map(async peer => peer.event('round', ({ record }) => record.outcome === 'averaged')))
    for (const name of ['one', 'two']) {
      const { stdout: listed } = await shoal(['peers', '--data-dir', join(folder.path, name)])
      expect(listed).toContain('direct, QUIC')
      const { stdout: status } = await shoal(['status', '--data-dir', join(folder.path, name)])
      expect(status).toContain('1 over QUIC')
      const { stdout: answer } = await shoal(['status', '--json', '--data-dir', join(folder.path, name)])
      const { bytes: { payloadSent, wireSent, wireReceived } } = JSON.parse(answer) as { readonly bytes: { readonly payloadSent: number, readonly wireSent: number, readonly wireReceived: number } }
      expect(wireSent).toBeGreaterThan(payloadSent)
      expect(wireReceived).toBeGreaterThan(0)
    }
    const { stdout: doctor } = await shoal(['doctor', '--json', '--data-dir', join(folder.path, 'one')])
    const { findings } = JSON.parse(doctor) as { readonly findings: ReadonlyArray<{ readonly name: string, readonly verdict: string, readonly finding: string }> }
    expect(findings.find(({ name }) => name === 'quic')).toMatchObject({ verdict: 'ok', finding: expect.stringContaining('spoken, with') as string })
    expect(findings.find(({ name }) => name === 'reachable')?.finding).toContain('over QUIC alone')
    for (const peer of peers) peer.kill('SIGINT')
    expect(await Promise.all(peers.map(async peer => (await peer.finished).code))).toEqual([0, 0])
  } finally {
    for (const peer of peers) peer.kill('SIGKILL')
    await Promise.all(peers.map(async peer => peer.finished))
    await folder.remove()
  }
})

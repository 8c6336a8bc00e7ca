import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inNamespace } from '../../testnet/links/ip-command.ts'
import { labObstacle, natLab } from '../support/nat-lab.ts'
import { ShoalProcess, shoal, temporaryFolder } from '../support/shoal-process.ts'

const obstacle = labObstacle()

test.skipIf(obstacle !== undefined)(`two peers behind NATs of their own meet through a public member, find a direct way, and go on without it${obstacle === undefined ? '' : ` (skipped: ${obstacle})`}`, async () => {
  const folder = await temporaryFolder()
  const names = { public: `shoal-p-${process.pid}`, one: `shoal-a-${process.pid}`, two: `shoal-b-${process.pid}` }
  const close = await natLab([
    { name: names.public, address: '11.0.0.1' },
    { name: names.one, address: '10.1.0.2', outside: '11.0.0.2' },
    { name: names.two, address: '10.1.0.2', outside: '11.0.0.3' }
  ])
  const peers: ShoalProcess[] = []
  try {
    const manifest = join(folder.path, 'nat.run')
    await shoal(['run', 'create', '--name', 'nat', '--steps', '0', '--every', '4', '--patience', '60', '--grace', '240', '--model', 'tiny', '--batch', '1', '--data-dir', join(folder.path, 'creator'), '--output', manifest])
    const join_ = async (name: string, word: string, ...more: string[]): Promise<ShoalProcess> => {
      await mkdir(join(folder.path, name), { recursive: true })
      const peer = new ShoalProcess(['join', word, '--json', '--data-dir', join(folder.path, name), '--upnp', 'off', ...more], {}, inNamespace(name))
      peers.push(peer)
      return peer
    }
    const open = await join_(names.public, manifest, '--listen', '/ip4/0.0.0.0/tcp/4001')
    const { invite, peerId: publicId } = await open.event('started')
    const [one, two] = await Promise.all([join_(names.one, invite), join_(names.two, invite)])
    const ids = await Promise.all([one, two].map(async peer => (await peer.event('started')).peerId))
    await Promise.all([one, two].map(async peer => peer.event('network', ({ what }) => what === 'relayed')))
    // each is behind its own NAT, where nobody can dial it: they can only have met through the public one
    await one.event('round', ({ record }) => record.outcome === 'averaged' && record.members.includes(ids[1] ?? ''))
    await two.event('round', ({ record }) => record.outcome === 'averaged' && record.members.includes(ids[0] ?? ''))
    await Promise.all([one, two].map(async peer => peer.event('network', ({ what }) => what === 'punched')))
    const { stdout } = await shoal(['peers', '--data-dir', join(folder.path, names.one)])
    expect(stdout).toContain('direct, punched')
    open.kill('SIGINT')
    expect((await open.finished).code).toBe(0)
    // nobody is left to carry anything, or to pass announcements on
    const left = await Promise.all([one, two].map(async peer => peer.event('peer-left', ({ peerId }) => peerId === publicId)))
    await Promise.all([one, two].map(async (peer, index) => peer.event('round', ({ sequence, record }) =>
      sequence > (left[index]?.sequence ?? Infinity) && record.outcome === 'averaged' && record.members.includes(ids[1 - index] ?? ''))))
    for (const peer of [one, two]) peer.kill('SIGINT')
    const ended = await Promise.all([one, two].map(async peer => peer.finished))
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
  } finally {
    for (const peer of peers) peer.kill('SIGKILL')
    await close()
    await folder.remove()
  }
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SwarmNetwork } from '../../../node/network/swarm-network.ts'
import { runFolder } from '../../../node/peer/run-source.ts'
import { CheckpointFiles } from '../../../node/store/checkpoint-files.ts'
import { methodPreset } from '../../../src/averaging/methods.ts'
import type { SignedManifest } from '../../../src/manifest/manifest.ts'
import { genesisWeights } from '../../../src/models/genesis.ts'
import { modelLayout } from '../../../src/models/model-layout.ts'
import { words } from '../../../src/random/words.ts'
import { attackingPeers } from '../../../testnet/simulator/attackers.ts'
import { PATIENT } from '../../support/patient.ts'
import { LivePeer, directoryIn, runMadeIn } from './support.ts'

let root: string
beforeEach(async () => { root = await mkdtemp(join(tmpdir(), 'shoal-robust-')) })
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(root, { recursive: true, force: true })
})

/** The next network that starts multiplies what its peer contributes by a thousand; everything else is the product. */
function nextOneLies (): void {
  const start = SwarmNetwork.start.bind(SwarmNetwork)
  vi.spyOn(SwarmNetwork, 'start').mockImplementationOnce(async (...options) => {
    const network = await start(...options)
    const lying = attackingPeers({
      self: network.self, present: () => network.present(), onChange: network.onChange.bind(network), announce: network.announce.bind(network),
      openExchange: network.openExchange.bind(network), onExchange: network.onExchange.bind(network)
    }, 'a thousandfold', words(1, 1), { direction: new Float32Array(), said: new Map() })
    return Object.assign(network, { openExchange: lying.openExchange.bind(lying), onExchange: lying.onExchange.bind(lying) })
  })
}

function weightsLeftIn (name: string, { runId, manifest }: SignedManifest): Float32Array {
  const found = new CheckpointFiles(runFolder(runId, directoryIn(root, name)), modelLayout(manifest.model)).newest(() => undefined)
  if (found === undefined) throw new Error('no checkpoint')
  return found.checkpoint.weights
}

const largestOf = (values: Float32Array): number => values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)

describe('a robust run with a member that sends a thousandfold', () => {
  it('refuses it with a sentence, goes on with the honest, and moves nobody far', async () => {
    const method = methodPreset('noloco', { everySteps: 2, codec: 'fp32', robust: 'centered-clip', ...PATIENT })
    const run = await runMadeIn(directoryIn(root, 'a'), { method, budget: { steps: 0 } })
    const first = new LivePeer(directoryIn(root, 'a'), run, { waitFor: 2 })
    const { addresses, peerId: firstId } = await first.event('started')
    const second = new LivePeer(directoryIn(root, 'b'), run, { shard: 2, waitFor: 2, bootstrap: [...addresses] })
    const { peerId: secondId } = await second.event('started')
    nextOneLies()
    const liar = new LivePeer(directoryIn(root, 'c'), run, { shard: 3, waitFor: 2, bootstrap: [...addresses] })
    const { peerId: liarId } = await liar.event('started')
    const meetsLiar = async (honest: LivePeer, other: string): Promise<void> => {
      const { sequence } = await honest.event('peer-rejected', ({ code, peerId }) => code === 'FAR_CONTRIBUTION' && peerId === liarId)
      await honest.event('round', event => event.sequence > sequence && event.record.outcome === 'averaged' && event.record.members.includes(other))
    }
    // Whoever meets it first may ban it before the other has met it at all.
    await Promise.any([meetsLiar(first, secondId), meetsLiar(second, firstId)])
    const peers = [first, second, liar]
    for (const peer of peers) peer.stop()
    await Promise.all(peers.map(async peer => peer.finished))
    const start = largestOf(genesisWeights(run.manifest.model, run.manifest.seed))
    for (const [honest, name] of [[first, 'a'], [second, 'b']] as const) {
      for (const { sentence } of honest.all('peer-rejected').filter(({ code }) => code === 'FAR_CONTRIBUTION')) {
        expect(sentence).toMatch(/it lies [\d.e+]+ a value from this peer's, at most [\d.e-]+ is believable/)
      }
      expect(honest.all('round').flatMap(({ record }) => record.outcome === 'averaged' ? record.members : [])).not.toContain(liarId)
      // one lie that counted would have made this hundreds
      expect(largestOf(weightsLeftIn(name, run))).toBeLessThan(10 * start)
    }
  })
})

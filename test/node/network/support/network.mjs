// What scripts in namespaces share: a peer with everything at its default, from what is built.
import '../../../../dist/node/polyfills.js'
import { setTimeout as pause } from 'node:timers/promises'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { SwarmNetwork } from '../../../../dist/node/network/swarm-network.js'

export async function startPeer (listen, reach = {}, bootstrap = []) {
  return SwarmNetwork.start({
    privateKey: await generateKeyPair('Ed25519'), listen, bootstrap, runId: 'a'.repeat(64), layoutHash: 'b'.repeat(64), codec: 'int8(64)',
    software: 'shoal-test/0', maximumPayloadBytes: 2 ** 20, manifest: () => new Uint8Array(1), snapshot: () => undefined, reach
  })
}

export async function until (holds) {
  while (!holds()) await pause(50)
}

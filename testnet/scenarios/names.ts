import type { PeerGroup, ScenarioFile } from './schema.ts'

export interface NamedPeer {
  readonly name: string
  readonly group: PeerGroup
}

/** Every peer in order with its group: the first is where the others begin. */
export function namedPeers ({ peers }: Pick<ScenarioFile, 'peers'>): readonly NamedPeer[] {
  return peers.flatMap(group => Array.from({ length: group.count }, (_, index) => ({ name: group.count === 1 ? group.name : `${group.name}-${index + 1}`, group })))
}

/**
 * What the whole swarm would have sent with fp32 ring all-reduce after every step:
 * `2(N−1)/N · 4 · P` bytes a peer and step (design.md, "Numbers that the design is held to").
 */
export function allReduceBytes (peers: number, parameters: number, stepsOfAllPeers: number): number {
  return peers < 2 ? 0 : 2 * (peers - 1) / peers * 4 * parameters * stepsOfAllPeers
}

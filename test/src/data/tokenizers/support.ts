/** The pairs that a BPE learns from pieces, found by counting every pair anew before each merge. */
export function distinctPairs (pieces: readonly Uint8Array[], most: number): number[][] {
  let words = pieces.map(piece => [...piece])
  const learnt: number[][] = []
  while (learnt.length < most) {
    const counts = new Map<string, number>()
    for (const word of words) {
      for (let at = 0; at + 1 < word.length; at++) counts.set(`${word[at]} ${word[at + 1]}`, (counts.get(`${word[at]} ${word[at + 1]}`) ?? 0) + 1)
    }
    const ranked = [...counts].map(([pair, count]) => ({ pair: pair.split(' ').map(Number), count }))
      .sort((a, b) => b.count - a.count || a.pair[0]! - b.pair[0]! || a.pair[1]! - b.pair[1]!)
    const best = ranked[0]
    if (best === undefined || best.count < 2) return learnt
    const id = 256 + learnt.length
    learnt.push(best.pair)
    words = words.map(word => {
      const result: number[] = []
      for (let at = 0; at < word.length; at++) {
        const isPair = word[at] === best.pair[0] && word[at + 1] === best.pair[1]
        result.push(isPair ? id : word[at]!)
        if (isPair) at++
      }
      return result
    })
  }
  return learnt
}

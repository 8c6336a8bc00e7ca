/** Typing errors worth a suggestion: a third of the word, at least two letters. */
const FORGIVEN_SHARE = 1 / 3

/** The candidate with the smallest edit distance to `word`, if it is near enough to be meant. */
export function nearest (word: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(word.length * FORGIVEN_SHARE))
  let best: string | undefined
  let bestDistance = limit + 1
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate)
    if (distance < bestDistance) { best = candidate; bestDistance = distance }
  }
  return best
}

/** Levenshtein's distance: insertions, deletions and substitutions between two words. */
export function editDistance (from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}

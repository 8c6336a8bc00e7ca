/** Root mean square distance of replicas to their mean, per weight. */
export function spreadOf (replicas: readonly Float32Array[]): number {
  const [first] = replicas
  if (first === undefined) return 0
  let squares = 0
  for (let index = 0; index < first.length; index++) {
    const mean = replicas.reduce((sum, replica) => sum + (replica[index] as number), 0) / replicas.length
    squares += replicas.reduce((sum, replica) => sum + ((replica[index] as number) - mean) ** 2, 0)
  }
  return Math.sqrt(squares / (first.length * replicas.length))
}

// A contestant's side: a process of its own that computes when it is asked and sleeps while others do.

/**
 * Answers the parent until it disconnects.
 *
 * @param contestant.about what computes
 * @param contestant.step takes the inner step of this number and returns its loss
 * @param contestant.matmulMs milliseconds of one square product
 * @param contestant.tensors how many tensors live
 */
export function serve (contestant) {
  let taken = 0
  const answers = {
    async steps ({ count }) {
      const [losses, stepMs] = [[], []]
      for (let index = 0; index < count; index++) {
        const startedMs = performance.now()
        losses.push(await contestant.step(taken++))
        stepMs.push(performance.now() - startedMs)
      }
      return { losses, stepMs, tensors: contestant.tensors() }
    },
    async matmuls ({ count }) {
      const matmulMs = []
      for (let index = 0; index < count; index++) matmulMs.push(await contestant.matmulMs())
      return { matmulMs }
    },
    memory: () => ({ peakRssBytes: process.resourceUsage().maxRSS * 1024 })
  }
  process.on('message', async message => {
    try {
      process.send({ answer: await answers[message.kind](message) })
    } catch (error) {
      process.send({ failure: String(error?.stack ?? error) })
    }
  })
  process.send({ answer: contestant.about })
}

/** A contestant that cannot take part says why and ends. */
export function decline (error) {
  const [first] = String(error?.message ?? error).split('\n')
  process.send({ declined: error?.why === undefined ? first : `${first}: ${error.why}` }, () => process.exit(0))
}

/** Times one square product on the active tfjs backend. */
export function timedMatmul (tf, size) {
  const factor = tf.keep(tf.tensor2d(Float32Array.from({ length: size * size }, (_, index) => Math.sin(index)), [size, size]))
  return async () => {
    const startedMs = performance.now()
    const product = tf.matMul(factor, factor)
    await product.data()
    const elapsedMs = performance.now() - startedMs
    product.dispose()
    return elapsedMs
  }
}

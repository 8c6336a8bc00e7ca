/** Passes of which one set of timestamps tells the beginning and the end; WebGPU allows 4096 timestamps. */
const PASSES_PER_SET = 2048
const BYTES_PER_TIMESTAMP = 8
const [COPY_SOURCE, COPY_DESTINATION, QUERY_RESOLVE, MAP_READ] = [0x4, 0x8, 0x200, 0x1]

/**
 * Runs a step once with each shader in a pass of its own, which the device times.
 *
 * @param backend tfjs' webgpu backend
 * @returns times by shader, the longest first; nothing where the device has no timestamps
 */
export async function profile (backend, step) {
  const { device } = backend
  if (!device.features.has('timestamp-query')) return {}
  const passes = []
  const sets = []
  const createCommandEncoder = device.createCommandEncoder.bind(device)
  device.createCommandEncoder = () => {
    const encoder = createCommandEncoder()
    const beginComputePass = encoder.beginComputePass.bind(encoder)
    encoder.beginComputePass = () => {
      const place = passes.length % PASSES_PER_SET
      if (place === 0) sets.push(device.createQuerySet({ type: 'timestamp', count: 2 * PASSES_PER_SET }))
      const record = { shader: 'unnamed' }
      passes.push(record)
      const pass = beginComputePass({ timestampWrites: { querySet: sets.at(-1), beginningOfPassWriteIndex: 2 * place, endOfPassWriteIndex: 2 * place + 1 } })
      const setPipeline = pass.setPipeline.bind(pass)
      pass.setPipeline = pipeline => {
        record.shader = pipeline.label
        setPipeline(pipeline)
      }
      return pass
    }
    return encoder
  }
  const { tf } = await import('../../dist/src/kernels/tensor.js')
  const batchSize = tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')
  tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', 1)
  try {
    await step()
    const times = (await Promise.all(sets.map(set => readSet(device, createCommandEncoder, set)))).flat()
    return summary(passes, times)
  } finally {
    tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', batchSize)
    delete device.createCommandEncoder
    for (const set of sets) set.destroy()
  }
}

async function readSet (device, createCommandEncoder, set) {
  const size = 2 * PASSES_PER_SET * BYTES_PER_TIMESTAMP
  const resolved = device.createBuffer({ size, usage: QUERY_RESOLVE | COPY_SOURCE })
  const staging = device.createBuffer({ size, usage: COPY_DESTINATION | MAP_READ })
  const encoder = createCommandEncoder()
  encoder.resolveQuerySet(set, 0, 2 * PASSES_PER_SET, resolved, 0)
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, size)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(MAP_READ)
  const stamps = new BigUint64Array(staging.getMappedRange().slice(0))
  for (const buffer of [resolved, staging]) buffer.destroy()
  return Array.from({ length: PASSES_PER_SET }, (_, pass) => Number(stamps[2 * pass + 1] - stamps[2 * pass]) / 1e6)
}

function summary (passes, times) {
  const byShader = new Map()
  passes.forEach(({ shader }, index) => {
    const entry = byShader.get(shader) ?? { shader, calls: 0, ms: 0 }
    entry.calls++
    entry.ms += times[index]
    byShader.set(shader, entry)
  })
  const deviceMs = [...byShader.values()].reduce((sum, { ms }) => sum + ms, 0)
  return {
    timing: 'by the device’s own timestamps',
    passes: passes.length,
    deviceMs: Number(deviceMs.toPrecision(4)),
    byShader: [...byShader.values()].sort((a, b) => b.ms - a.ms).map(entry => ({ ...entry, ms: Number(entry.ms.toPrecision(4)), share: Number((entry.ms / deviceMs).toPrecision(3)) }))
  }
}

import '../polyfills.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { startBackend } from './backend.ts'
import type { BackendReport } from './contract.ts'
import type { ProbeRequest, Probed } from './probe.ts'
import { measureMatmulSpeed, measureTraining } from './speed.ts'

/** The process behind `probeBackend`: answers one request over its channel. */
process.once('message', (request: ProbeRequest) => {
  answer(request).then(
    probed => { process.send?.(probed, () => { process.exit(0) }) },
    () => { process.exit(1) }
  )
})

async function answer ({ settings, trains }: ProbeRequest): Promise<Probed> {
  try {
    return await report({ settings, trains })
  } catch (error) {
    const name = settings.backend === 'auto' ? 'wasm' : settings.backend
    return { name, reason: error instanceof ShoalError ? error.why : reasonOf(error) }
  }
}

async function report ({ settings, trains }: ProbeRequest): Promise<BackendReport> {
  const { name, device, kernels, lacks, isEmulated } = await startBackend(settings)
  const speed = await measureMatmulSpeed()
  return {
    name, device, kernelVariant: kernels.variant, lacks, isEmulated: isEmulated === true,
    matmulGflops: speed.gflops, matmulSize: speed.size,
    ...trains ? { tokensPerSecond: await measureTraining(kernels) } : {}
  }
}

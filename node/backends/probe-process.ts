import '../polyfills.ts'
import { reasonOf, ShoalError } from '../../src/errors.ts'
import { startBackend } from './backend.ts'
import type { BackendReport, ComputeSettings } from './contract.ts'
import type { Probed } from './probe.ts'
import { measureMatmulSpeed, measureTraining } from './speed.ts'

/** The process behind `probeBackend`: answers one request over its channel. */
process.once('message', (settings: ComputeSettings) => {
  answer(settings).then(
    probed => { process.send?.(probed, () => { process.exit(0) }) },
    () => { process.exit(1) }
  )
})

async function answer (settings: ComputeSettings): Promise<Probed> {
  try {
    return await report(settings)
  } catch (error) {
    const name = settings.backend === 'auto' ? 'wasm' : settings.backend
    return { name, reason: error instanceof ShoalError ? error.why : reasonOf(error) }
  }
}

async function report (settings: ComputeSettings): Promise<BackendReport> {
  const { name, device, kernels, lacks, isEmulated } = await startBackend(settings)
  const speed = await measureMatmulSpeed()
  return {
    name, device, kernelVariant: kernels.variant, lacks, isEmulated: isEmulated === true,
    matmulGflops: speed.gflops, matmulSize: speed.size,
    tokensPerSecond: await measureTraining(kernels)
  }
}

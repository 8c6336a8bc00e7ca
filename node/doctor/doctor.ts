import type { RunManifest } from '../../src/manifest/schema.ts'
import type { Probed } from '../backends/probe.ts'
import type { DataDirectory } from '../store/data-directory.ts'
import type { Finding } from './finding.ts'
import type { Loaded } from '../network/quic/binding.ts'
import { checkBackend, checkDirectory, checkDisk, checkIdentity, checkLock, checkMemory, checkNode, checkQuic } from './machine-checks.ts'
import type { NetworkAnswer } from './network-answer.ts'
import { networkFindings } from './network-checks.ts'

/** What the doctor looks at; what takes time is asked for when its line is due. */
export interface Patient {
  readonly nodeVersion: string
  readonly directory: DataDirectory
  /** Whether QUIC can be spoken. */
  readonly loadQuic: () => Promise<Loaded>
  /** The run last worked on here. */
  readonly manifest: RunManifest | undefined
  readonly freeMemoryBytes: number
  /** Starts the backend that training would use, and measures it. */
  readonly probe: () => Promise<Probed>
  /** The process that runs on this directory and answers; undefined without one. */
  readonly daemonPid: () => Promise<number | undefined>
  /** What members say, asked by that process. */
  readonly askNetwork: () => Promise<NetworkAnswer>
}

/** Looks at one thing after the other, what is quick first. */
export async function * examine (patient: Patient): AsyncGenerator<Finding> {
  const { directory, manifest } = patient
  yield checkNode(patient.nodeVersion)
  yield checkQuic(await patient.loadQuic())
  yield checkDirectory(directory)
  yield checkIdentity(directory)
  yield checkDisk(directory)
  const pid = await patient.daemonPid()
  yield checkLock(directory, pid)
  yield checkMemory(manifest, patient.freeMemoryBytes, pid !== undefined)
  yield checkBackend(await patient.probe())
  yield * networkFindings(pid === undefined ? undefined : await patient.askNetwork())
}

import { freemem } from 'node:os'
import { DaemonClient } from '../../api/client.ts'
import { rankBackends } from '../../backends/auto.ts'
import { probeBackend } from '../../backends/probe.ts'
import type { Probed } from '../../backends/probe.ts'
import type { ComputeSettings } from '../../backends/contract.ts'
import { computeOf } from '../../config/compute.ts'
import { ownSettings } from '../../config/own-settings.ts'
import { examine } from '../../doctor/doctor.ts'
import type { Finding, Verdict } from '../../doctor/finding.ts'
import { loadQuic } from '../../network/quic/binding.ts'
import { knownRuns } from '../../peer/run-source.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { createTheme } from '../../terminal/theme.ts'
import type { Theme } from '../../terminal/theme.ts'
import { action } from '../command.ts'
import { EXIT } from '../exit-codes.ts'

const NAME_WIDTH = 10

/** Says of one thing after the other whether it is well, and what to do where it is not. */
export const doctor = action(async ({ options, output }) => {
  const directory = resolveDataDirectory(options.dataDir)
  const { settings } = ownSettings(directory)
  const theme = createTheme(output.colours)
  const findings: Finding[] = []
  const patient = {
    nodeVersion: process.versions.node, loadQuic, directory, manifest: knownRuns(directory)[0]?.manifest, freeMemoryBytes: freemem(),
    probe: async () => probe(computeOf(settings)),
    daemonPid: async () => daemonPid(directory.root),
    askNetwork: async () => {
      if (!options.json) output.message('asking other members, up to a minute …')
      return DaemonClient.find(directory.root).check()
    }
  }
  for await (const finding of examine(patient)) {
    findings.push(finding)
    if (!options.json) for (const line of linesOf(finding, theme)) output.line(line)
  }
  const hasFailed = findings.some(({ verdict }) => verdict === 'fail')
  if (options.json) output.json({ version: 1, ok: !hasFailed, findings })
  return hasFailed ? EXIT.expectationNotMet : undefined
})

/** What `auto` would take, measured. */
async function probe (compute: ComputeSettings): Promise<Probed> {
  const { order, reports } = await rankBackends(compute)
  const name = order[0] ?? 'wasm'
  return reports.find(report => report.name === name) ?? await probeBackend(name, compute)
}

async function daemonPid (root: string): Promise<number | undefined> {
  try {
    return (await DaemonClient.find(root).status()).pid
  } catch {
    // Whoever does not answer is the lock's business.
    return undefined
  }
}

function linesOf ({ name, verdict, finding, fix }: Finding, theme: Theme): string[] {
  const paint: Readonly<Record<Verdict, (text: string) => string>> = { ok: theme.good, warn: theme.warning, fail: theme.bad, unknown: theme.faint }
  const mark: Readonly<Record<Verdict, string>> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL', unknown: '?   ' }
  return [`${paint[verdict](mark[verdict])}  ${name.padEnd(NAME_WIDTH)} ${finding}`, ...fix === undefined ? [] : [theme.faint(`${' '.repeat(NAME_WIDTH + 7)}→ ${fix}`)]]
}

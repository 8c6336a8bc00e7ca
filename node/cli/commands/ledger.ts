import { bytesToHex } from '@noble/hashes/utils.js'
import { anyMethodSentence } from '../../../src/averaging/any-method.ts'
import { shortId } from '../../../src/membership/short-id.ts'
import { lastStepOf } from '../../../src/spsa/ledger-entry.ts'
import { stepsIn } from '../../../src/spsa/scalar-methods.ts'
import { namedRun } from '../../peer/checkpoint-choice.ts'
import { peerOfKey } from '../../scalars/keys.ts'
import { proveLedger, readLedger } from '../../scalars/read-ledger.ts'
import { resolveDataDirectory } from '../../store/data-directory.ts'
import { table } from '../../terminal/table.ts'
import { formatCount } from '../../terminal/units.ts'
import { action } from '../command.ts'
import type { Invocation } from '../command.ts'
import { EXIT } from '../exit-codes.ts'

export const ledgerShow = action(async ({ arguments: [word], options, output }: Invocation) => {
  const directory = resolveDataDirectory(options.dataDir)
  const run = await namedRun(word, directory, output.message)
  const { method, report, loaded } = await readLedger(run, directory)
  const stepOf = (place: number): number => stepsIn(place, method, report.ledger.rules)
  const peers = report.ledger.heads().map(head => {
    const entries = report.ledger.counted().filter(({ peer }) => peer === head.peer)
    const last = entries.at(-1)
    const bytes = entries.reduce((sum, { levels }) => sum + levels.length, 0)
    return { peerId: peerOfKey(head.peer), entries: head.next, bytes, lastStep: last === undefined ? null : stepOf(lastStepOf(last)), forked: head.cut, head: bytesToHex(head.hash) }
  })
  if (options.json) {
    output.json({ version: 1, runId: run.runId, snapshotStep: stepOf(loaded.snapshot?.step ?? 0), heldFrom: stepOf(loaded.held?.step ?? 0), method: anyMethodSentence(method), fingerprint: report.fingerprint, peers })
    return undefined
  }
  const right = 'right' as const
  const columns = [{ title: 'peer' }, { title: 'entries', align: right }, { title: 'bytes', align: right }, { title: 'last step', align: right }, { title: 'head' }, { title: 'chain' }]
  const rows = peers.map(({ peerId, entries, bytes, lastStep, forked, head }) => [
    shortId(peerId), formatCount(entries), formatCount(bytes), lastStep === null ? '' : formatCount(lastStep), head.slice(0, 12), forked ? 'forked: nothing counts from there on' : 'sound'
  ])
  for (const line of table(columns, rows)) output.line(line)
  output.message(anyMethodSentence(method))
  output.message(`${formatCount(report.steps)} bytes from step ${formatCount(stepOf(loaded.held?.step ?? 0))} on, the last snapshot at step ${formatCount(stepOf(loaded.snapshot?.step ?? 0))}; fingerprint ${report.fingerprint.slice(0, 12)}`)
  return undefined
})

export const ledgerVerify = action(async ({ arguments: [word], options, output }: Invocation) => {
  const directory = resolveDataDirectory(options.dataDir)
  const run = await namedRun(word, directory, output.message)
  const reading = await readLedger(run, directory)
  const { report, loaded, recorded } = reading
  const { modelHash, provenFrom, snapshotHolds } = proveLedger(run, reading)
  // A forked chain's proof is refused by design; everything else that is refused is damage.
  const stepOf = (place: number): number => stepsIn(place, reading.method, report.ledger.rules)
  const faults = [...loaded.damage, ...report.faults.filter(({ code }) => code !== 'FORK').map(({ reason }) => reason)]
  if (snapshotHolds === false) faults.push(`the snapshot at step ${stepOf(loaded.snapshot?.step ?? 0)} has other weights than the entries before it make`)
  if (recorded !== undefined && recorded !== modelHash) faults.push(`the weights rebuilt from the ledger differ from those that this peer had computed from it, ${recorded.slice(0, 16)}`)
  if (options.json) {
    output.json({
      version: 1, runId: run.runId, sound: faults.length === 0, faults, peers: report.peers, entries: report.entries, bytes: report.steps, fingerprint: report.fingerprint, modelHash,
      recorded: recorded ?? null, provenFrom: stepOf(provenFrom), snapshotStep: stepOf(loaded.snapshot?.step ?? 0)
    })
  } else {
    for (const fault of faults) output.line(fault)
    output.line(`${formatCount(report.entries)} entries of ${report.peers} peers, ${formatCount(report.steps)} bytes; weights ${modelHash.slice(0, 16)}, ${recorded === undefined ? 'of which none were recorded: the peer was ended before it could' : recorded === modelHash ? 'the same as recorded' : 'others than recorded'}`)
    output.line(provenFrom === 0 ? 'proved from the first step on' : `proved from step ${formatCount(stepOf(provenFrom))} on: a snapshot stands for what lies before, of which only hashes are kept`)
  }
  output.message(faults.length === 0 ? 'the ledger is sound' : `the ledger is damaged in ${faults.length} ${faults.length === 1 ? 'place' : 'places'}; a peer that joins again mends it from others`)
  return faults.length === 0 ? undefined : EXIT.expectationNotMet
})

import type { Agreement } from './agreement.ts'
import type { LedgerTalk } from './ledger-talk.ts'
import type { OneByteMessage, OneByteReport } from './one-byte-messages.ts'

export interface Hearing {
  readonly talk: LedgerTalk
  readonly agreement: Agreement
  /** Of the ledger, that comes next here. */
  readonly step: number
  readonly report: (event: OneByteReport) => void
  /** Whether snapshots of the run are the sums of a seed pool. */
  readonly hasSums: boolean
}

/** Whatever arrives from somebody, in any order, twice, or never: to whoever it is for. */
export function hear (from: string, message: OneByteMessage, { talk, agreement, step, report, hasSums }: Hearing): void {
  switch (message.kind) {
    case 'pack': { talk.takePack(from, message.entry, step); return }
    case 'entries': { talk.takeAsked(from, message.entries, step); return }
    case 'inquiry': { if (talk.answer(from, message.inquiry)) agreement.offer(from); return }
    case 'check': { agreement.compare(from, message); return }
    case 'seek': { if (message.heads) agreement.tellHeads(from); else agreement.offer(from); return }
    case 'offer': {
      report({ kind: 'offered', from, offer: message.offer })
      agreement.weigh(from, message.offer)
      return
    }
    case 'heads': { report({ kind: 'told-heads', from, part: message.part }); return }
    case 'sums': {
      if (hasSums) report({ kind: 'told-sums', from, step: message.step, sums: message.sums })
      else report({ kind: 'refused', from, code: 'WRONG_STEP', reason: 'this run has no seed pool whose sums could be told' })
    }
  }
}

import type { StampedEvent } from '../../src/events.ts'
import type { Testnet } from '../launcher/testnet.ts'

/** Whoever shows a running testnet. */
export interface SwarmViewer {
  started (testnet: Testnet): void
  event (name: string, event: StampedEvent): void
  lost (name: string): void
  /** Something that the scenario or somebody elsewhere let happen. */
  happened (sentence: string): void
  /** Ends the showing; a last sentence stays. Idempotent. */
  close (sentence?: string): void
}

/** For scripts: nothing but the final object is told. */
export class SilentView implements SwarmViewer {
  started (): void { /* nothing to show */ }
  event (): void { /* nothing to show */ }
  lost (): void { /* the report names it */ }
  happened (): void { /* the report shows what came of it */ }
  close (): void { /* nothing is open */ }
}

/** Whether what a peer says of its own rounds is shown: what a liar says is not. */
export function isBelieved (testnet: Testnet | undefined, name: string): boolean {
  return testnet?.seat(name).attack === undefined
}

/** What is out of the ordinary, for people; undefined for everything else. */
export function remarkOf (name: string, event: StampedEvent, nameOf: (peerId: string) => string): string | undefined {
  if (event.type === 'warning') return `${name}: ${event.sentence}`
  if (event.type === 'peer-rejected' && event.by === 'us' && event.code === 'BANNED') return `${name} refuses ${nameOf(event.peerId)}: ${event.sentence}`
  return undefined
}

/** What a person types to bring one more peer. */
export function joinLine (invite: string): string {
  return `npx shoal join ${invite}`
}

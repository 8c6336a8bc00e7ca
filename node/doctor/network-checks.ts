import { shortId } from '../../src/membership/short-id.ts'
import { isQuic } from '../network/addresses.ts'
import { counted, formatBytes, formatSeconds } from '../terminal/units.ts'
import { fail, ok, unknown, warn } from './finding.ts'
import type { Finding } from './finding.ts'
import type { CheckedMember, NetworkAnswer } from './network-answer.ts'

/** Logs and pages of two peers are hard to read together beyond this; training does not go by wall clocks. */
const TOLERABLE_SKEW_MS = 5_000
/** A promise that the link cannot carry is kept, and yet rounds take longer than it says. */
const NEEDED_SHARE_OF_PROMISE = 0.9
/** Rounds that send for longer than this make a partner wait. */
const LONG_ROUND_SECONDS = 60

const NO_PEER = 'start a peer (shoal join …), and ask again while it runs'
const NO_MEMBER = 'ask again when another member is here (shoal invite prints the line for one)'

/** What other members say of this peer's network. @param answer undefined where no peer runs on this data directory */
export function networkFindings (answer: NetworkAnswer | undefined): Finding[] {
  if (answer === undefined) return [unknown('network', 'no peer runs on this data directory, so no other member can be asked about clock, reachability, link and versions', NO_PEER)]
  const { members, silent } = answer
  if (members.length === 0) {
    const why = silent[0] === undefined ? `no other member is here; the peer says: ${answer.sentence}` : `no member answered: ${silent[0].why}`
    return ['clock', 'reachable', 'nat', 'relay', 'link', 'versions'].map(name => name === 'relay' ? relay(answer) : unknown(name, why, NO_MEMBER))
  }
  return [clock(members), reachable(answer), nat(answer), relay(answer), link(answer), versions(answer)]
}

/** The middle one of several clocks is right even if one of them is wrong. */
function clock (members: readonly CheckedMember[]): Finding {
  const sorted = [...members].sort((a, b) => a.skewMs - b.skewMs)
  const { skewMs, roundTripMs } = sorted[Math.floor(sorted.length / 2)] as CheckedMember
  const finding = `${formatSeconds(Math.abs(skewMs) / 1000)} ${skewMs < 0 ? 'ahead of' : 'behind'} ${counted(members.length, 'member')}, known within ${formatSeconds(roundTripMs / 2000)}`
  return Math.abs(skewMs) - roundTripMs / 2 > TOLERABLE_SKEW_MS ? warn('clock', finding, 'let the system set its clock (timedatectl set-ntp true); training does not need it, logs do') : ok('clock', finding)
}

function reachable ({ members, addresses }: NetworkAnswer): Finding {
  const reaching = members.filter(member => member.dials.some(dial => dial.reached))
  const dials = members.flatMap(member => member.dials)
  const reached = dials.find(dial => dial.reached)
  if (reached !== undefined) {
    const scope = reaching.some(member => isOutside(member, addresses)) ? 'from outside' : 'from this machine or network; nobody outside of it was asked'
    return ok('reachable', `${counted(reaching.length, 'member')} dialled back and reached ${withoutId(reached.address)} ${scope}`)
  }
  if (dials.length > 0 && dials.every(({ address }) => isQuic(address))) return unknown('reachable', 'this peer listens over QUIC alone, which members do not dial back', 'listen on TCP too, or look at shoal status: who has been dialled can be')
  const tried = dials.find(({ why }) => !why.startsWith('not tried'))
  if (tried === undefined) {
    const from = members.map(({ observed }) => hostOf(observed)).find(host => host !== undefined) ?? 'another address'
    return warn('reachable', `members see this peer at ${from}, which is none of the ${addresses.length} addresses that it listens on: it can dial others, nobody can dial it`,
      'forward a port of the router to this machine, or leave it so: one reachable member is enough for a swarm')
  }
  return fail('reachable', `nobody could dial back: ${withoutId(tried.address)}: ${tried.why}`, 'open the port in the firewall of this machine, or let another peer be the one that is dialled')
}

/** Whether addresses are translated on the way can be seen; how, from several connections out of one port. */
function nat ({ members, addresses, reach }: NetworkAnswer): Finding {
  const own = new Set(addresses.flatMap(address => hostOf(address) ?? []))
  const seen = [...new Set(members.flatMap(({ observed }) => hostOf(observed) ?? []))]
  const translated = seen.find(host => !own.has(host))
  if (seen.length === 0) return unknown('nat', 'members did not say where they see this peer', NO_MEMBER)
  if (translated === undefined) return ok('nat', `none on the way: members see this peer at ${seen.join(', ')}, where it listens`)
  const finding = `members see ${translated}, which is no address of this machine: something translates; ${reach?.punching?.sentence ?? 'of which type it is cannot be told here'}`
  return reach?.punching?.possible === true ? ok('nat', finding) : unknown('nat', finding, 'the line about reachability says whether it matters')
}

/** Whether others come to this peer over members, and through whom. */
function relay ({ reach }: NetworkAnswer): Finding {
  if (reach === null) return unknown('relay', 'the network of this peer is not open yet', 'ask again in a few seconds')
  const { reachable, sentence, relays } = reach
  if (relays.length > 0) return ok('relay', sentence)
  if (reachable === 'directly') return ok('relay', `none is needed: ${sentence}`)
  return unknown('relay', `${sentence}, and no member has given this peer a place yet`, 'a member that can be dialled carries connections to this one, unless it runs with --relay off')
}

/** What a round takes to send, by what the link carried a moment ago and by what was promised. */
function link ({ members, promisedBytesPerSecond, roundBytes }: NetworkAnswer): Finding {
  const upload = fastest(members.map(member => member.uploadBytesPerSecond))
  const download = fastest(members.map(member => member.downloadBytesPerSecond))
  if (upload === undefined || download === undefined) return ok('link', 'so fast that the probe was over before it could be measured')
  const promise = promisedBytesPerSecond === null ? 'no promise about upload' : `promised at most ${formatBytes(promisedBytesPerSecond)}/s up`
  const seconds = roundBytes === null ? undefined : roundBytes / Math.min(upload, promisedBytesPerSecond ?? Infinity)
  const round = seconds === undefined || roundBytes === null ? 'no round has sent anything yet' : `a round sends ${formatBytes(roundBytes)}, which should take ${formatSeconds(seconds)}`
  const finding = `${formatBytes(upload)}/s up, ${formatBytes(download)}/s down; ${promise}; ${round}`
  if (promisedBytesPerSecond !== null && upload < NEEDED_SHARE_OF_PROMISE * promisedBytesPerSecond) {
    return warn('link', finding, 'the link carries less than --upload says: name what it carries, and rounds are planned by that')
  }
  return seconds !== undefined && seconds > LONG_ROUND_SECONDS ? warn('link', finding, 'a run with a longer --every, more --fragments or fewer bits a value suits this link better') : ok('link', finding)
}

function versions ({ members, software }: NetworkAnswer): Finding {
  const others = members.filter(member => member.software !== software)
  const [other] = others
  if (other === undefined) return ok('versions', `${counted(members.length, 'member')} and this peer run ${software}`)
  return warn('versions', `${others.length} of ${counted(members.length, 'member')} asked run another version: ${shortId(other.peerId)} has ${other.software}, this peer ${software}`,
    'run the same version everywhere; peers whose versions differ too much refuse each other')
}

function fastest (rates: ReadonlyArray<number | undefined>): number | undefined {
  const known = rates.filter(rate => rate !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** Whether a member listens at an address of the internet that is not one of this machine. */
function isOutside ({ listens }: CheckedMember, own: readonly string[]): boolean {
  const here = new Set(own.map(hostOf))
  return listens.length > 0 && listens.every(address => !here.has(hostOf(address)) || isPrivate(address)) && listens.some(address => !isPrivate(address))
}

function withoutId (address: string): string {
  return address.replace(/\/p2p\/[^/]+$/, '')
}

function hostOf (address: string): string | undefined {
  return /^\/ip[46]\/([^/]+)\//.exec(address)?.[1]
}

/** Loopback, link-local and the ranges of RFC 1918 and RFC 4193. */
function isPrivate (address: string): boolean {
  return /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|::1$|f[cd]|fe80)/i.test(hostOf(address) ?? '')
}

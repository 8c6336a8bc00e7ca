/** Own addresses in an invite: one a network interface that people are likely to share. */
const OWN_ADDRESSES = 2
/** Another member is named too: an invite must outlive whoever wrote it. */
const OTHER_MEMBERS = 1

/** The addresses that an invite names: this peer's, and a neighbour's should it be gone. Loopback only where there is nothing else. */
export function inviteAddresses (own: readonly string[], others: ReadonlyArray<{ readonly addresses: readonly string[] }>): string[] {
  const neighbours = others.map(({ addresses }) => reachableFirst(addresses)[0]).filter(address => address !== undefined)
  return [...reachableFirst(own).slice(0, OWN_ADDRESSES), ...neighbours.slice(0, OTHER_MEMBERS)]
}

function reachableFirst (addresses: readonly string[]): string[] {
  const reachable = addresses.filter(address => !/^\/(ip4\/127\.|ip6\/::1\/)/.test(address))
  return reachable.length > 0 ? reachable : addresses.slice(0, 1)
}

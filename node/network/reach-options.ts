/** How a peer looks for others and lets itself be found; what is left out is off. */
export interface ReachOptions {
  /** Ask and answer on the local network, under a name that only this run has. */
  readonly mdns?: boolean
  /** Find members by run id through a distributed hash table that peers of all runs keep together. */
  readonly dht?: boolean
  /** Carry connections of members that nobody can dial. */
  readonly relay?: boolean
  /** Ask the router to forward a port. */
  readonly upnp?: boolean
  /** 32 bytes that every peer of a private network knows; nobody else gets past the first bytes of a connection. */
  readonly networkKey?: Uint8Array | undefined
}

/** Everything that this peer was told to do is of no use when only this machine can dial it. */
export function onlyLoopback (listen: readonly string[]): boolean {
  return listen.length > 0 && listen.every(address => /^\/(ip4\/127\.|ip6\/::1\/)/.test(address))
}

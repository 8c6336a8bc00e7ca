import { uPnPNAT, type UPnPNAT } from '@libp2p/upnp-nat'

/** Routers list the ports that they forward, and for whom. */
const DESCRIPTION = 'Shoal'

type Client = UPnPNAT['portMappingClient']
type Gateway = Awaited<ReturnType<Client['getGateway']>>
type Argument = readonly [name: string, value?: unknown]
type Run = (service: string, action: string, given: readonly Argument[], options?: unknown) => Promise<unknown>

/**
 * libp2p's UPnP, which asks the router to forward the ports that this peer listens on, and believes what the router answers. Its client (nat-port-mapper
 * 4.0.5) takes mappings back without saying of which protocol, which routers refuse: the port would stay open until its lease of an hour ends.
 */
export function portMapping (): ReturnType<typeof uPnPNAT> {
  return components => {
    const service = uPnPNAT({ autoConfirmAddress: true, portMappingDescription: DESCRIPTION })(components)
    const { portMappingClient } = service
    const findGateways = portMappingClient.findGateways.bind(portMappingClient)
    portMappingClient.findGateways = async function * (options) {
      for await (const gateway of findGateways(options)) yield namingProtocol(gateway)
    }
    return service
  }
}

/** @returns a gateway that is told of which protocol a mapping is when it is taken back, as it was told when it was made */
export function namingProtocol (gateway: Gateway): Gateway {
  // what a gateway is made of, beside what it declares
  const { gateway: device } = gateway as unknown as { readonly gateway: { run: Run } }
  const run = device.run.bind(device)
  /** Protocols by the ports of this machine that are forwarded to: TCP and QUIC may have the same one. */
  const open = new Map<unknown, Set<unknown>>()
  device.run = async (service, action, given, options) => {
    const protocol = valueOf(given, 'NewProtocol')
    if (typeof protocol === 'string' && protocol !== '') {
      const port = valueOf(given, 'NewInternalPort')
      open.set(port, (open.get(port) ?? new Set()).add(protocol))
    }
    if (protocol !== '') return run(service, action, given, options)
    const protocols = open.get(valueOf(given, 'NewExternalPort'))
    const [last = 'TCP'] = protocols ?? []
    protocols?.delete(last)
    return run(service, action, given.map(([name, value]) => [name, name === 'NewProtocol' ? last : value]), options)
  }
  return gateway
}

function valueOf (given: readonly Argument[], wanted: string): unknown {
  return given.find(([name]) => name === wanted)?.[1]
}

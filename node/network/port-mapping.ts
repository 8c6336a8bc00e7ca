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

function namingProtocol (gateway: Gateway): Gateway {
  // what a gateway is made of, beside what it declares
  const { gateway: device } = gateway as unknown as { readonly gateway: { run: Run } }
  const run = device.run.bind(device)
  device.run = async (service, action, given, options) => run(service, action, given.map(([name, value]) => [name, name === 'NewProtocol' && value === '' ? 'TCP' : value]), options)
  return gateway
}

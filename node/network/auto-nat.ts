import { autoNAT } from '@libp2p/autonat'

type Factory = ReturnType<typeof autoNAT>
type Components = Parameters<Factory>[0]
type Manager = Components['connectionManager']

/**
 * libp2p's AutoNAT, version 1. Asked to dial a peer back, that of 3.0.28 takes the connection which is there already for a fresh one, says
 * that the dial succeeded, and closes it: members lost each other within a second. Here it dials anew.
 */
export function freshlyDiallingAutoNAT (): Factory {
  return components => {
    const { connectionManager } = components
    const openConnection: Manager['openConnection'] = async (peer, options) => connectionManager.openConnection(peer, { ...options, force: true })
    const dialsAnew = new Proxy(connectionManager, {
      get: (target, name) => name === 'openConnection' ? openConnection : bound(target, name)
    })
    return autoNAT()(new Proxy(components, { get: (target, name) => name === 'connectionManager' ? dialsAnew : Reflect.get(target, name) as unknown }))
  }
}

function bound (target: Manager, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name)
  return typeof member === 'function' ? (member as (...given: unknown[]) => unknown).bind(target) : member
}

import { expect, it } from 'vitest'
import { namingProtocol } from '../../../node/network/port-mapping.ts'

type Argument = readonly [string, unknown]

it('a mapping is taken back by the protocol that it was made for, where TCP and QUIC have one port', async () => {
  const asked: unknown[] = []
  const device = { run: async (_service: string, action: string, given: readonly Argument[]): Promise<void> => { asked.push([action, Object.fromEntries(given)['NewProtocol']]); return Promise.resolve() } }
  const { run } = (namingProtocol({ gateway: device } as never) as unknown as { readonly gateway: typeof device }).gateway
  const map = async (protocol: string): Promise<void> => run('wan', 'AddAnyPortMapping', [['NewExternalPort', 5001], ['NewProtocol', protocol], ['NewInternalPort', 4001]])
  const unmap = async (port: number): Promise<void> => run('wan', 'DeletePortMapping', [['NewRemoteHost', ''], ['NewExternalPort', port], ['NewProtocol', '']])
  await run('wan', 'GetExternalIPAddress', [])
  for (const protocol of ['TCP', 'UDP', 'UDP']) await map(protocol)
  for (const port of [4001, 4001, 4002]) await unmap(port)
  expect(asked).toEqual([
    ['GetExternalIPAddress', undefined], ['AddAnyPortMapping', 'TCP'], ['AddAnyPortMapping', 'UDP'], ['AddAnyPortMapping', 'UDP'],
    ['DeletePortMapping', 'TCP'], ['DeletePortMapping', 'UDP'], ['DeletePortMapping', 'TCP']
  ])
})

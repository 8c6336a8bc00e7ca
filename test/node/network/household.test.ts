import { expect, test } from 'vitest'
import { labObstacle } from '../../support/nat-lab.ts'
import { inNamespace } from './support/in-namespace.ts'

const obstacle = labObstacle()
const skipped = obstacle === undefined ? '' : ` (skipped: ${obstacle})`
const NETWORK = 'ip link set lo up && ip link add v0 type veth peer name v1 && ip addr add 192.168.7.2/24 dev v0 && ip link set v0 up && ip link set v1 up && ip route add default dev v0'
const INTERNET = 'ip link set lo up && ip addr add 11.0.0.1/32 dev lo && ip addr add 11.0.0.2/32 dev lo'

interface Household { readonly self: string, readonly port: number, readonly address: string, readonly asked: ReadonlyArray<Readonly<Record<string, string>>> }

test.skipIf(obstacle !== undefined)(`on a local network peers of a run find each other unasked, and the router forwards a port while they are there${skipped}`, async () => {
  const { self, port, address, asked } = await inNamespace('household.mjs', NETWORK) as Household
  expect(address).toBe(`/ip4/11.0.0.9/tcp/${port}/p2p/${self}`)
  expect(asked.find(({ action }) => action === 'AddAnyPortMapping')).toMatchObject({ NewProtocol: 'TCP', NewInternalPort: String(port), NewInternalClient: '192.168.7.2' })
  expect(asked.find(({ action }) => action === 'DeletePortMapping')).toMatchObject({ NewExternalPort: String(port), NewProtocol: 'TCP' })
})

test.skipIf(obstacle !== undefined)(`who is dialled through a relay by a public peer dials it directly, and goes on without the relay${skipped}`, async () => {
  await expect(inNamespace('reversal.mjs', INTERNET)).resolves.toEqual({ carrier: 'nobody', punched: false, heard: 7 })
})

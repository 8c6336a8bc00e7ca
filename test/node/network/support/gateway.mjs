// A router that speaks just enough of UPnP's Internet Gateway Device, version 2, to be asked for ports: discovery (SSDP), description and SOAP.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'

const DEVICE = 'urn:schemas-upnp-org:device:InternetGatewayDevice:2'
const SERVICE = 'urn:schemas-upnp-org:service:WANIPConnection:2'
const SSDP = { address: '239.255.255.250', port: 1900 }

const description = `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceType>${DEVICE}</deviceType><UDN>uuid:shoal-lab</UDN>
<serviceList><service><serviceType>${SERVICE}</serviceType><SCPDURL>/scpd.xml</SCPDURL><controlURL>/control</controlURL></service></serviceList></device></root>`

const answers = {
  GetExternalIPAddress: (_, { outside }) => `<NewExternalIPAddress>${outside}</NewExternalIPAddress>`,
  AddAnyPortMapping: asked => `<NewReservedPort>${asked.NewExternalPort}</NewReservedPort>`,
  DeletePortMapping: () => ''
}

/** @param {{ inside: string, outside: string, onAsked: (action: string, asked: Record<string, string>) => void }} options */
export async function gateway ({ inside, outside, onAsked }) {
  const server = createServer(async (request, response) => {
    response.setHeader('content-type', 'text/xml')
    if (request.url !== '/control') return response.end(description)
    const action = /#(\w+)"/.exec(request.headers.soapaction ?? '')?.[1] ?? ''
    const body = (await request.toArray()).join('')
    const asked = Object.fromEntries([...body.matchAll(/<(New\w+)>([^<]*)</g)].map(([, name, value]) => [name, value]))
    onAsked(action, asked)
    const answer = answers[action](asked, { outside })
    response.end(`<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><u:${action}Response xmlns:u="${SERVICE}">${answer}</u:${action}Response></s:Body></s:Envelope>`)
  }).listen(0, inside)
  await once(server, 'listening')
  const location = `http://${inside}:${server.address().port}/description.xml`
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.on('message', (message, { address, port }) => {
    if (!message.toString().startsWith('M-SEARCH')) return
    socket.send(`HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: ${location}\r\nST: ${DEVICE}\r\nUSN: uuid:shoal-lab::${DEVICE}\r\n\r\n`, port, address)
  })
  socket.bind(SSDP.port, SSDP.address)
  await once(socket, 'listening')
  socket.addMembership(SSDP.address, inside)
  return () => { socket.close(); server.close(); server.closeAllConnections() }
}

// Whether Google's APIs are reached inside the network, by the endpoint of Private Service Connect.
import { usesGoogleCredentials } from '../config/google-auth.ts'
import { type Check, ok, skip, warn } from './check.ts'
import { isPrivate } from './host-dns.ts'

const APIS = ['aiplatform', 'secretmanager', 'sqladmin'].map(name => `${name}.googleapis.com`)

export const apiDns: Check = {
  id: 'api-dns',
  async examine({ config, resolve }) {
    if (!usesGoogleCredentials(config)) return skip("the configuration uses no API of Google's")
    const answers = await Promise.all(APIS.map(async host => ({ host, addresses: await resolve(host) })))
    const open = answers.filter(({ addresses }) => addresses.length === 0 || !addresses.every(isPrivate))
    if (open.length === 0) return ok(`${APIS.join(', ')} lead to private addresses`)
    return warn(
      `${open.map(({ host }) => host).join(', ')} lead outside the network`,
      'in a private zone googleapis.com., the apex A record for the endpoint, and * as a CNAME of the apex',
    )
  },
}

// Whether somebody's Google groups can be looked up: with the gateway's own credentials, past everything remembered.
import { readLocalFile } from '../config/local-file.ts'
import { lookupSetup } from '../identity/google/lookup-setup.ts'
import { openGoogleGroups } from '../identity/open-google-groups.ts'
import { silentLog } from '../lib/log.ts'
import { namedGroups } from '../managed/named-groups.ts'
import { type Check, fail, ok, skip, warn } from './check.ts'

export const groups: Check = {
  id: 'groups',
  async examine({ config, user, network, clock }) {
    const setup = lookupSetup(config.oidc, config.gatehouse)
    if (setup === null) return skip('no Google groups are looked up')
    if (user === null) return skip('whose groups to look up is not said: give --user ADDRESS')
    const named = namedGroups(config)
    const lookup = openGoogleGroups({
      ...{ setup, named, network, clock },
      ...{ pool: null, readFile: readLocalFile, log: silentLog },
    })
    const diagnosis = await lookup.diagnose(user)
    if (diagnosis.kind === 'failed') {
      const { reason, evidence, fix } = diagnosis
      return fail(`the groups of ${user} cannot be looked up (${reason}): ${evidence}`, fix)
    }
    const { length: found } = diagnosis.groups
    const { length: used } = diagnosis.groups.filter(group => named.includes(group))
    const evidence = `${user} is in ${found} groups, of which the configuration names ${used}`
    if (used > 0 || named.length === 0) return ok(evidence)
    return warn(evidence, 'if that is not meant so, compare the names with the addresses of the groups')
  },
}

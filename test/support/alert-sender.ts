// A replica in a process of its own that looks once for alerts to send: to be killed.
import { openAlertRig } from './alert-rig.ts'
import { replicaPool } from './postgres.ts'

const [database = '', url = ''] = process.argv.slice(2)
const rig = openAlertRig({ pool: replicaPool(database, 2), url })
await rig.delivery.look()

import type { Block, Synthesized } from './synthesized.ts'

/** Every grant of an environment as `<who> <role> on <what>`, sorted; a custom role is spelled with its permissions. */
export function roleBindings(environment: Synthesized): string[] {
  const grants = environment.types.filter(type => type.endsWith('_iam_member'))
  return grants.flatMap(type => environment.all(type).map(grant => spelled(type, grant, environment))).sort()
}

function spelled(type: string, grant: Block, environment: Synthesized): string {
  const who = short(String(grant['member']))
  const role = roleOf(String(grant['role']), environment)
  const condition = grant['condition'] === undefined ? '' : ' (this instance only)'
  return `${who} ${role} on ${targetOf(type, grant)}${condition}`
}

/** Such as `run` for `gatehouse-run`, in either spelling. */
function short(member: string): string {
  return (
    /google_service_account\.\w+?_account-([a-z]+)\./.exec(member)?.[1] ??
    /^serviceAccount:gatehouse-([a-z]+)@/.exec(member)?.[1] ??
    member
  )
}

function roleOf(role: string, environment: Synthesized): string {
  const id = /google_project_iam_custom_role\.([a-z_-]+)\.name/.exec(role)?.[1]
  if (id === undefined) return role
  const { google_project_iam_custom_role: custom } = JSON.parse(environment.text).resource
  return String(custom[id].permissions)
}

function targetOf(type: string, grant: Block): string {
  const kind = type.slice('google_'.length, -'_iam_member'.length)
  const named = [
    'secret_id',
    'service_account_id',
    'repository',
    'name',
    'dataset_id',
    'topic',
    'note',
    'attestor',
    'crypto_key_id',
  ]
  const target = named.map(key => grant[key]).find(value => value !== undefined)
  const id = /\$\{[a-z0-9_]+\.([A-Za-z0-9_-]+)\./.exec(String(target))?.[1] ?? target
  return target === undefined ? kind : `${kind} ${id}`
}

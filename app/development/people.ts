/** A sample person of development mode's identity provider. */
export interface Person {
  readonly email: string
  readonly password: string
  readonly role: string
  readonly groups: readonly string[]
}

/** Who can sign in to development mode's identity provider; the curl recipe signs in as the first. */
export const PEOPLE: readonly [Person, ...Person[]] = [
  {
    email: 'erin@example.com',
    password: 'engineer',
    role: 'an engineer',
    groups: ['engineering'],
  },
  {
    email: 'ada@example.com',
    password: 'administrator',
    role: 'an administrator',
    groups: ['engineering', 'gateway-admins'],
  },
  {
    email: 'casey@example.com',
    password: 'contractor',
    role: 'a contractor',
    groups: ['contractors'],
  },
  {
    email: 'olga@elsewhere.test',
    password: 'outsider',
    role: 'an outsider, who is refused',
    groups: [],
  },
]

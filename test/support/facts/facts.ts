import { APIS } from './apis.ts'
import { CHOICES } from './choices.ts'
import { DATABASE } from './database.ts'
import type { Fact } from './fact.ts'
import { FRONT_DOOR } from './front-door.ts'
import { GRANTS } from './grants.ts'
import { KEEPING } from './keeping.ts'
import { NAMES } from './names.ts'
import { SECRECY } from './secrecy.ts'
import { SERVICES } from './service.ts'

/** Everything that holds in any environment, whatever its settings (G-76). */
export const FACTS: readonly Fact[] = [
  ...[
    ...FRONT_DOOR,
    ...NAMES,
    ...DATABASE,
    ...SECRECY,
    ...GRANTS,
    ...SERVICES,
    ...APIS,
    ...KEEPING,
    ...CHOICES,
  ],
]

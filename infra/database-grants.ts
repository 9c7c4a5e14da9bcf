import { Construct } from 'constructs'
import { CommandJob, type CommandJobProps } from './command-job.ts'
import type { SecretMount } from './container.ts'
import { pathOf } from './secret-paths.ts'

export interface DatabaseGrantsProps
  extends Omit<CommandJobProps, 'name' | 'args' | 'timeoutSeconds' | 'mounts'> {
  /** Prefix of the job's name. */
  readonly name: string
  /** `<project>:<region>:<instance>` of Cloud SQL. */
  readonly instance: string
  /** How the instance is reached: over Private Service Connect, or over a peered network. */
  readonly ipType: 'PSC' | 'PRIVATE'
  readonly database: string
  /** The role that the gateway logs in as. */
  readonly role: string
  /** The built-in user that grants, and the file that holds its password: all that this job may read. */
  readonly user: string
  readonly password: SecretMount
}

/**
 * The job `<name>-db-bootstrap`: gives the gateway's role its schema and the right to connect (G-35). A new IAM
 * user may log in and nothing else. Running it again changes nothing.
 */
export class DatabaseGrants extends Construct {
  readonly jobName: string

  constructor(scope: Construct, id: string, props: DatabaseGrantsProps) {
    super(scope, id)
    const { instance, ipType, database, role, user, password } = props

    const job = new CommandJob(this, 'command', {
      ...props,
      name: `${props.name}-db-bootstrap`,
      mounts: [password],
      args: [
        ...['migrate', '--bootstrap', '--instance', instance, '--ip-type', ipType, '--database', database],
        ...['--user', user, '--password-file', pathOf(password), '--role', role],
      ],
      timeoutSeconds: 300,
    })

    this.jobName = job.jobName
  }
}

import { Construct } from 'constructs'
import { CommandJob, type CommandJobProps } from './command-job.ts'
import { CONFIG_PATH } from './container.ts'

export interface DatabaseGrantsProps extends Omit<CommandJobProps, 'name' | 'args' | 'timeoutSeconds'> {
  /** Prefix of the job's name. */
  readonly name: string
}

/**
 * The job `<name>-db-bootstrap`: gives the runtime account its schema and the right to connect, as the built-in
 * user `bootstrap` (G-35). A new IAM user may log in and nothing else. Running it again changes nothing.
 */
export class DatabaseGrants extends Construct {
  readonly jobName: string

  constructor(scope: Construct, id: string, props: DatabaseGrantsProps) {
    super(scope, id)

    const job = new CommandJob(this, 'command', {
      ...props,
      name: `${props.name}-db-bootstrap`,
      args: ['migrate', '--bootstrap', '--config', CONFIG_PATH],
      timeoutSeconds: 300,
    })

    this.jobName = job.jobName
  }
}

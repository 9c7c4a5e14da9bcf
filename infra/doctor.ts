import { Construct } from 'constructs'
import { CommandJob, type CommandJobProps } from './command-job.ts'
import { CloudRunV2JobIamMember, CloudSchedulerJob } from './google.ts'
import { CONFIG_PATH, pathOf } from './secret-paths.ts'

export interface DoctorProps extends Omit<CommandJobProps, 'name' | 'args' | 'timeoutSeconds'> {
  /** Prefix of the job's name. */
  readonly name: string
  /** Email of the account that may start the job, and nothing else. */
  readonly probeAccount: string
  /** When it is started by itself: five fields of cron, in UTC. */
  readonly schedule: string
}

/**
 * The job `<name>-doctor` and the clock that starts it. It stands for a public uptime check, which cannot reach
 * a private service (G-57): same image, account and network as the service.
 */
export class Doctor extends Construct {
  readonly jobName: string

  constructor(scope: Construct, id: string, props: DoctorProps) {
    super(scope, id)

    const job = new CommandJob(this, 'command', {
      ...props,
      name: `${props.name}-doctor`,
      args: ['doctor', '--config', pathOf(CONFIG_PATH), '--json'],
      timeoutSeconds: 120,
    })
    const mayStart = new CloudRunV2JobIamMember(this, 'start', {
      ...{ project: props.project, location: props.region, name: job.jobName },
      ...{ role: 'roles/run.invoker', member: `serviceAccount:${props.probeAccount}` },
    })
    new CloudSchedulerJob(this, 'clock', {
      ...{ project: props.project, region: props.region, name: `${props.name}-doctor` },
      ...{ schedule: props.schedule, timeZone: 'Etc/UTC', attemptDeadline: '60s' },
      httpTarget: {
        httpMethod: 'POST',
        uri: `https://run.googleapis.com/v2/${job.jobId}:run`,
        oauthToken: {
          serviceAccountEmail: props.probeAccount,
          scope: 'https://www.googleapis.com/auth/cloud-platform',
        },
      },
      dependsOn: [mayStart],
    })

    this.jobName = job.jobName
  }
}

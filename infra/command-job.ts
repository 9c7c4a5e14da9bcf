import type { ITerraformDependable } from 'cdktf'
import { Construct } from 'constructs'
import {
  binaryAuthorization,
  type ContainerProps,
  environment,
  volumeMounts,
  volumes,
  vpcAccess,
} from './container.ts'
import { CloudRunV2Job } from './google.ts'

export interface CommandJobProps extends ContainerProps {
  readonly name: string
  /** What follows `gatehouse` on the command line. */
  readonly args: readonly string[]
  /** How long one run may take. */
  readonly timeoutSeconds: number
  /** What must be there first and is not referred to: the grants on the mounted secrets. */
  readonly after?: readonly ITerraformDependable[]
}

/** One command of the gateway's image, run inside the network when somebody asks; a failed run is not repeated. */
export class CommandJob extends Construct {
  /** The job's name, which comes into being with it. */
  readonly jobName: string
  /** `projects/…/locations/…/jobs/…` */
  readonly jobId: string

  constructor(scope: Construct, id: string, props: CommandJobProps) {
    super(scope, id)

    const job = new CloudRunV2Job(this, 'job', {
      ...{ project: props.project, location: props.region, name: props.name, labels: { ...props.labels } },
      deletionProtection: false, // a job holds nothing
      template: {
        taskCount: 1,
        template: {
          serviceAccount: props.serviceAccount,
          timeout: `${props.timeoutSeconds}s`,
          maxRetries: 0,
          vpcAccess: vpcAccess(props),
          volumes: volumes(props),
          containers: [
            {
              image: props.image,
              args: [...props.args],
              resources: { limits: { cpu: props.cpu, memory: props.memory } },
              env: environment(props),
              volumeMounts: volumeMounts(props),
            },
          ],
        },
      },
      ...binaryAuthorization(props),
      ...(props.after && { dependsOn: [...props.after] }),
    })

    this.jobName = job.name
    this.jobId = job.id
  }
}

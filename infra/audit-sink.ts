import { Construct } from 'constructs'
import { BigqueryDatasetIamMember, LoggingProjectSink } from './google.ts'

export interface AuditSinkProps {
  readonly project: string
  readonly region: string
  /** Prefix of the sink's name. */
  readonly name: string
  readonly service: string
  /** An existing dataset: `projects/<project>/datasets/<name>`. It will hold personal data. */
  readonly dataset: string
}

/**
 * Copies the audit log to BigQuery, for questions that a metric must not answer: who, which group, which model
 * (G-54). The sink's own account may write to this dataset and to nothing else.
 */
export class AuditSink extends Construct {
  constructor(scope: Construct, id: string, props: AuditSinkProps) {
    super(scope, id)
    const { owner, datasetId } = partsOf(props.dataset)

    const sink = new LoggingProjectSink(this, 'sink', {
      ...{ project: props.project, name: `${props.name}-audit`, uniqueWriterIdentity: true },
      destination: `bigquery.googleapis.com/${props.dataset}`,
      filter: [
        'resource.type="cloud_run_revision"',
        `resource.labels.service_name="${props.service}"`,
        `resource.labels.location="${props.region}"`,
        'jsonPayload.evt:*',
      ].join(' AND '),
      bigqueryOptions: { usePartitionedTables: true },
    })
    new BigqueryDatasetIamMember(this, 'write', {
      ...{ project: owner, datasetId, role: 'roles/bigquery.dataEditor', member: sink.writerIdentity },
    })
  }
}

function partsOf(dataset: string): { owner: string; datasetId: string } {
  const [, owner, datasetId] = /^projects\/([^/]+)\/datasets\/([^/]+)$/.exec(dataset) ?? []
  if (owner === undefined || datasetId === undefined) {
    throw new Error(`${dataset} is not projects/<project>/datasets/<name>`)
  }
  return { owner, datasetId }
}

/**
 * The members of a log line that name its trace, so that Google Cloud Logging shows the lines of one request together;
 * none without a project. Cloud Logging, "Structured logging".
 */
export function cloudTrace(traceId: string, project: string | undefined): object {
  if (project === undefined) return {}
  return {
    'logging.googleapis.com/trace': `projects/${project}/traces/${traceId}`,
    'logging.googleapis.com/trace_sampled': true,
  }
}

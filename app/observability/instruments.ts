// Every metric of the gateway (T-30): name, kind, unit, labels. What no table names is not measured.

/** A row of the table. */
export interface Instrument {
  /** A counter only grows; an up-down counter and a gauge go both ways; a histogram sorts durations into buckets. */
  readonly kind: 'counter' | 'up_down_counter' | 'gauge' | 'histogram'
  /** UCUM, as OpenTelemetry writes it: `s`, `By`, `1`, or `{thing}`. */
  readonly unit: string
  /** Names of labels, in the order in which values are given. */
  readonly labels: readonly string[]
  readonly help: string
}

/** Upper bounds of every histogram's buckets, in seconds: from a cached answer to the longest stream. */
export const BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
]

/** The instruments. Values of labels come from code, the configuration or the model data, never from a request. */
export const INSTRUMENTS = {
  'http.server.request.duration': {
    ...{ kind: 'histogram', unit: 's' },
    labels: ['http.request.method', 'http.route', 'http.response.status_code'],
    help: 'From the head of a request to the last byte of its answer.',
  },
  'http.server.active_requests': {
    ...{ kind: 'up_down_counter', unit: '{request}', labels: ['http.route'] },
    help: 'Requests that are being answered.',
  },
  'gatehouse.inference.requests': {
    ...{ kind: 'counter', unit: '{request}' },
    labels: ['upstream', 'model', 'stream', 'outcome', 'status_class'],
    help: 'Authenticated requests to the Messages API that are over.',
  },
  'gatehouse.inference.duration': {
    ...{ kind: 'histogram', unit: 's', labels: ['upstream', 'stream'] },
    help: 'From the verified bearer to the last byte of the answer.',
  },
  'gatehouse.inference.time_to_first_byte': {
    ...{ kind: 'histogram', unit: 's', labels: ['upstream'] },
    help: "From the verified bearer to the first byte of an upstream's answer.",
  },
  'gatehouse.inference.overhead': {
    ...{ kind: 'histogram', unit: 's', labels: [] },
    help: 'From the last byte of a request to the first byte that an upstream is sent.',
  },
  'gatehouse.inference.streams': {
    ...{ kind: 'up_down_counter', unit: '{stream}', labels: ['upstream'] },
    help: 'Streams that are open.',
  },
  'gatehouse.inference.shed': {
    ...{ kind: 'counter', unit: '{request}', labels: ['reason'] },
    help: 'Requests that were refused to protect the replica.',
  },
  'gatehouse.inference.tokens': {
    ...{ kind: 'counter', unit: '{token}', labels: ['upstream', 'model', 'kind'] },
    help: 'Tokens that upstreams reported.',
  },
  'gatehouse.inference.cost': {
    ...{ kind: 'counter', unit: 'USD', labels: ['upstream', 'model'] },
    help: 'What replies cost, by the price list and the configured prices.',
  },
  'gatehouse.inference.uncounted': {
    ...{ kind: 'counter', unit: '{request}', labels: ['upstream'] },
    help: 'Requests that their clients gave up and whose cost could not be learned.',
  },
  'gatehouse.inference.request_class': {
    ...{ kind: 'counter', unit: '{request}', labels: ['class'] },
    help: 'Requests by what the client says they are for, where it says so.',
  },
  'gatehouse.upstream.attempts': {
    ...{ kind: 'counter', unit: '{attempt}', labels: ['upstream', 'result'] },
    help: 'Requests to upstreams.',
  },
  'gatehouse.upstream.failovers': {
    ...{ kind: 'counter', unit: '{failover}', labels: ['upstream', 'result'] },
    help: 'Times that the next upstream was asked, by the one that was left and why.',
  },
  'gatehouse.upstream.state': {
    ...{ kind: 'gauge', unit: '1', labels: ['upstream'] },
    help: '1 while an upstream is in use, 0 while this replica has set it aside for a model.',
  },
  'gatehouse.policy.denied': {
    ...{ kind: 'counter', unit: '{request}', labels: ['reason'] },
    help: 'Requests whose model a policy refused.',
  },
  'gatehouse.policy.drift': {
    ...{ kind: 'counter', unit: '{request}', labels: ['state'] },
    help: 'Requests by what their client has for settings, where drift is reported.',
  },
  'gatehouse.policy.settings': {
    ...{ kind: 'counter', unit: '{response}', labels: ['result'] },
    help: 'Answers of managed settings.',
  },
  'gatehouse.spend.gate': {
    ...{ kind: 'counter', unit: '{decision}', labels: ['result'] },
    help: 'Decisions about requests, by what their callers have spent.',
  },
  'gatehouse.spend.gate.duration': {
    ...{ kind: 'histogram', unit: 's', labels: [] },
    help: 'How long it took to know what a caller has spent, answered or not.',
  },
  'gatehouse.spend.settle.duration': {
    ...{ kind: 'histogram', unit: 's', labels: [] },
    help: 'How long it took to store entries, those of several requests together.',
  },
  'gatehouse.spend.queue': {
    ...{ kind: 'gauge', unit: '{entry}', labels: [] },
    help: 'Entries that wait to be stored.',
  },
  'gatehouse.spend.unsettled': {
    ...{ kind: 'counter', unit: '{entry}', labels: ['reason'] },
    help: 'Entries that were not stored before their answers ended, or not at all.',
  },
  'gatehouse.spend.estimated': {
    ...{ kind: 'counter', unit: '{request}', labels: ['reason'] },
    help: 'Replies whose cost was in part counted by the gateway, as the upstream did not say it.',
  },
  'gatehouse.spend.unknown_price': {
    ...{ kind: 'counter', unit: '{request}', labels: ['upstream'] },
    help: 'Replies of models that no price is known for.',
  },
  'gatehouse.spend.alerts': {
    ...{ kind: 'counter', unit: '{alert}', labels: ['scope', 'fraction'] },
    help: 'Shares of caps that were reached.',
  },
  'gatehouse.spend.alert_deliveries': {
    ...{ kind: 'counter', unit: '{attempt}', labels: ['result'] },
    help: 'Attempts to send an alert to the webhook, and alerts that were given up.',
  },
  'gatehouse.auth.denied': {
    ...{ kind: 'counter', unit: '{request}', labels: ['reason'] },
    help: 'Requests without a valid bearer.',
  },
  'gatehouse.sign_in': {
    ...{ kind: 'counter', unit: '{event}', labels: ['step', 'result'] },
    help: 'Steps of sign-ins, refreshes and sign-outs.',
  },
  'gatehouse.idp.duration': {
    ...{ kind: 'histogram', unit: 's', labels: ['step'] },
    help: 'How long the identity provider took, answered or not.',
  },
  'gatehouse.telemetry.received': {
    ...{ kind: 'counter', unit: '{export}', labels: ['signal'] },
    help: "Clients' telemetry exports that came in.",
  },
  'gatehouse.telemetry.received.bytes': {
    ...{ kind: 'counter', unit: 'By', labels: ['signal'] },
    help: 'Their bytes, as sent.',
  },
  'gatehouse.telemetry.forwarded': {
    ...{ kind: 'counter', unit: '{export}', labels: ['destination', 'signal'] },
    help: 'Exports that a collector accepted.',
  },
  'gatehouse.telemetry.dropped': {
    ...{ kind: 'counter', unit: '{export}', labels: ['destination', 'signal', 'reason'] },
    help: 'Exports that were lost to a destination.',
  },
  'gatehouse.telemetry.queue.bytes': {
    ...{ kind: 'gauge', unit: 'By', labels: ['destination'] },
    help: 'Bytes of exports that wait for a collector.',
  },
  'gatehouse.telemetry.paused': {
    ...{ kind: 'gauge', unit: '1', labels: ['destination'] },
    help: '1 while a failing collector is left alone.',
  },
  'gatehouse.store.up': {
    ...{ kind: 'gauge', unit: '1', labels: [] },
    help: '1 while the database answers and can be written to.',
  },
  'gatehouse.store.duration': {
    ...{ kind: 'histogram', unit: 's', labels: ['operation'] },
    help: 'How long a statement took, answered or not.',
  },
  'db.client.connection.count': {
    ...{ kind: 'up_down_counter', unit: '{connection}', labels: ['state'] },
    help: 'Connections to the database.',
  },
  'db.client.connection.pending_requests': {
    ...{ kind: 'up_down_counter', unit: '{request}', labels: [] },
    help: 'Work that waits for a connection to the database.',
  },
  'gatehouse.sweep.rows': {
    ...{ kind: 'counter', unit: '{row}', labels: ['table'] },
    help: 'Expired rows that this replica deleted.',
  },
  'gatehouse.sweep.failures': {
    ...{ kind: 'counter', unit: '{sweep}', labels: ['table'] },
    help: 'Times that expired rows could not be deleted.',
  },
  'gatehouse.audit.dropped': {
    ...{ kind: 'counter', unit: '{line}', labels: [] },
    help: 'Audit lines that nobody took.',
  },
  'gatehouse.observability.dropped': {
    ...{ kind: 'counter', unit: '{item}', labels: ['signal'] },
    help: "Batches of metrics, and spans, of the gateway's own that were lost.",
  },
  'gatehouse.config.info': {
    ...{ kind: 'gauge', unit: '1', labels: ['version', 'contract', 'config_sha256'] },
    help: 'Always 1: what runs, and with which file.',
  },
  'process.cpu.time': {
    ...{ kind: 'counter', unit: 's', labels: [] },
    help: 'Processor time of the process, user and system.',
  },
  'process.memory.usage': {
    ...{ kind: 'gauge', unit: 'By', labels: [] },
    help: 'Resident memory of the process.',
  },
  'process.open_file_descriptor.count': {
    ...{ kind: 'gauge', unit: '{file_descriptor}', labels: [] },
    help: 'Open files and sockets of the process.',
  },
  'nodejs.eventloop.delay.p99': {
    ...{ kind: 'gauge', unit: 's', labels: [] },
    help: 'How late the event loop came, in the worst hundredth since the last reading.',
  },
  'nodejs.eventloop.utilization': {
    ...{ kind: 'gauge', unit: '1', labels: [] },
    help: 'Share of the time since the last reading in which the event loop was busy.',
  },
  'v8js.memory.heap.used': {
    ...{ kind: 'gauge', unit: 'By', labels: [] },
    help: 'JavaScript heap in use.',
  },
} as const satisfies Record<string, Instrument>

export type InstrumentName = keyof typeof INSTRUMENTS

/** The instruments of one kind. */
export type InstrumentOf<K extends Instrument['kind']> = {
  [N in InstrumentName]: (typeof INSTRUMENTS)[N]['kind'] extends K ? N : never
}[InstrumentName]

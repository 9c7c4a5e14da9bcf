// Serves a provider to Terraform over a Unix socket, in this process: Terraform attaches to it instead of starting it.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import grpc from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import type { Provider } from './provider.ts'

/** Each call of the protocol: what is asked, what is answered, and by which method. */
const CALLS = {
  GetSchema: ['Empty', 'SchemaResponse', 'schema'],
  PrepareProviderConfig: ['ConfigRequest', 'PreparedConfig', 'prepare'],
  ValidateResourceTypeConfig: ['TypedConfig', 'Diagnosed', 'validate'],
  ValidateDataSourceConfig: ['TypedConfig', 'Diagnosed', null],
  ValidateEphemeralResourceConfig: ['TypedConfig', 'Diagnosed', null],
  Configure: ['ConfigureRequest', 'Diagnosed', null],
  UpgradeResourceState: ['UpgradeRequest', 'UpgradeResponse', 'upgrade'],
  ReadResource: ['ReadRequest', 'ReadResponse', 'read'],
  PlanResourceChange: ['PlanRequest', 'PlanResponse', 'plan'],
  ApplyResourceChange: ['ApplyRequest', 'ApplyResponse', 'apply'],
  ReadDataSource: ['TypedConfig', 'DataResponse', 'data'],
  OpenEphemeralResource: ['TypedConfig', 'OpenResponse', 'open'],
  CloseEphemeralResource: ['CloseRequest', 'Diagnosed', null],
  Stop: ['Empty', 'StopResponse', null],
} as const

const MESSAGES = protobuf.parse(readFileSync(join(import.meta.dirname, 'tfplugin5.proto'), 'utf8'), {
  keepCase: true,
}).root

export interface ServedProvider extends AsyncDisposable {
  /** What `TF_REATTACH_PROVIDERS` says of it. */
  readonly reattach: object
}

/** Serves until disposed of. */
export async function serveProvider(provider: Provider): Promise<ServedProvider> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tf-'))
  const socket = join(folder, 'socket')
  const unlimited = { 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 }
  const server = new grpc.Server(unlimited)
  server.addService(definition(), implementation(provider))
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), error =>
      error === null ? resolve() : reject(error),
    )
  })
  return {
    reattach: {
      ...{ Protocol: 'grpc', ProtocolVersion: 5, Pid: process.pid, Test: true },
      Addr: { Network: 'unix', String: socket },
    },
    async [Symbol.asyncDispose]() {
      server.forceShutdown()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function definition(): grpc.ServiceDefinition {
  const calls = Object.entries(CALLS).map(([name, [asked, answered]]) => [
    name,
    {
      ...{ path: `/tfplugin5.Provider/${name}`, requestStream: false, responseStream: false },
      ...{ requestSerialize: encoder(asked), requestDeserialize: decoder(asked) },
      ...{ responseSerialize: encoder(answered), responseDeserialize: decoder(answered) },
    },
  ])
  return Object.fromEntries(calls)
}

function implementation(provider: Provider): grpc.UntypedServiceImplementation {
  const calls = Object.entries(CALLS).map(([name, [, , method]]) => [
    name,
    ({ request }: { request: object }, done: grpc.sendUnaryData<object>) => {
      try {
        done(null, method === null ? {} : provider[method](request))
      } catch (error) {
        done({ code: grpc.status.INTERNAL, message: error instanceof Error ? error.message : String(error) })
      }
    },
  ])
  return Object.fromEntries(calls)
}

function encoder(name: string): (value: object) => Buffer {
  const type = MESSAGES.lookupType(`tfplugin5.${name}`)
  return value => Buffer.from(type.encode(type.fromObject(value)).finish())
}

function decoder(name: string): (bytes: Buffer) => object {
  const type = MESSAGES.lookupType(`tfplugin5.${name}`)
  return bytes => type.decode(bytes)
}

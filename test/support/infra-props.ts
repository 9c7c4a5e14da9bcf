// The props that tests give to constructs: literal ids, so that what is asserted can be read here.
import type { ContainerProps, SecretMount } from '../../infra/container.ts'

export const PLACE = { project: 'p1', region: 'us-east5', name: 'gatehouse' } as const
export const NETWORK = 'projects/p1/global/networks/gatehouse'
export const SUBNET = 'projects/p1/regions/us-east5/subnetworks/gatehouse-endpoints'

export const IMAGE = `us-east5-docker.pkg.dev/p1/gatehouse/gatehouse@sha256:${'a'.repeat(64)}`

export const MOUNTS: readonly SecretMount[] = [
  {
    ...{ name: 'config', secret: 'gatehouse-config', version: '7' },
    ...{ folder: '/etc/claude', file: 'gateway.yaml' },
  },
  { name: 'jwt', secret: 'gatehouse-jwt', version: '2', folder: '/secrets/jwt', file: 'g2' },
  { name: 'jwt', secret: 'gatehouse-jwt', version: '1', folder: '/secrets/jwt', file: 'g1' },
]

export const CONTAINER: ContainerProps = {
  ...{ project: PLACE.project, region: PLACE.region, labels: { app: 'gatehouse' }, image: IMAGE },
  serviceAccount: 'gatehouse-run@p1.iam.gserviceaccount.com',
  ...{ network: NETWORK, subnetwork: 'projects/p1/regions/us-east5/subnetworks/gatehouse-egress' },
  ...{ egress: 'PRIVATE_RANGES_ONLY', mounts: MOUNTS, cpu: '1', memory: '1Gi' },
}

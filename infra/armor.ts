import { Construct } from 'constructs'
import { ComputeRegionSecurityPolicy } from './google.ts'

export interface ArmorProps {
  readonly project: string
  readonly region: string
  readonly name: string
  /** Who may knock. */
  readonly clientCidrs: readonly string[]
}

/** Google accepts so many ranges in one rule. */
const RANGES_PER_RULE = 10

/**
 * A regional Cloud Armor policy before the internal balancer: the gateway's own list of clients, enforced one
 * hop earlier. Needs a provider of 7.8.0 or later, which the settings check (G-5).
 */
export class Armor extends Construct {
  readonly policyId: string

  constructor(scope: Construct, id: string, props: ArmorProps) {
    super(scope, id)

    const policy = new ComputeRegionSecurityPolicy(this, 'policy', {
      ...{ project: props.project, region: props.region, name: `${props.name}-front`, type: 'CLOUD_ARMOR' },
      rules: [
        ...chunks(props.clientCidrs, RANGES_PER_RULE).map((ranges, index) => ({
          ...{ priority: 1000 + index, action: 'allow', description: 'the clients of the gateway' },
          match: { versionedExpr: 'SRC_IPS_V1', config: { srcIpRanges: ranges } },
        })),
        {
          ...{ priority: 2_147_483_647, action: 'deny(403)', description: 'everybody else' },
          match: { versionedExpr: 'SRC_IPS_V1', config: { srcIpRanges: ['*'] } },
        },
      ],
    })

    this.policyId = policy.selfLink
  }
}

function chunks(all: readonly string[], size: number): string[][] {
  const starts = Array.from({ length: Math.ceil(all.length / size) }, (_, index) => index * size)
  return starts.map(start => all.slice(start, start + size))
}

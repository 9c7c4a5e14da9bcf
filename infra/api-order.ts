import { dependable, type ITerraformDependable, TerraformResource } from 'cdktf'
import type { Construct } from 'constructs'

/** Makes all resources of `construct` wait for the switches of the APIs that they use (G-9). */
export function awaitApis(construct: Construct, ...switches: readonly ITerraformDependable[]): void {
  for (const part of construct.node.findAll()) {
    if (!TerraformResource.isTerraformResource(part)) continue
    part.dependsOn = [...(part.dependsOn ?? []), ...switches.map(dependable)]
  }
}

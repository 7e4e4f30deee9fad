// Tells which tier is chosen in the container it is in, and why: tell-isolation.ts <requested> <in-place allowed>
import { tmpdir } from 'node:os'
import { HearthError } from '../../../../src/errors.ts'
import { chooseTier, type RequestedTier } from '../../../../src/run/choose-tier.ts'
import { probeIsolation } from '../../../../src/run/probe.ts'

const [requested, allowed] = process.argv.slice(2) as [RequestedTier, string]

try {
  const facts = await probeIsolation({ requested, directory: tmpdir(), path: process.env.PATH ?? '' })
  console.log(JSON.stringify(chooseTier(requested, { ...facts, inPlaceAllowed: allowed === 'true' })))
} catch (error) {
  if (!(error instanceof HearthError)) throw error
  const { code, message, why, fix } = error
  console.log(JSON.stringify({ error: { code, message, why, fix } }))
}

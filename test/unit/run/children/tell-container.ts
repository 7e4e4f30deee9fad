// Tells what hearth finds out about the container it is in, as JSON: tell-container.ts <path>...
import { HearthError } from '../../../../src/errors.ts'
import { inPlaceIsolation } from '../../../../src/run/in-place.ts'
import { missingCapabilities, requireCapabilities } from '../../../../src/run/missing-capabilities.ts'
import { inOwnImage } from '../../../../src/run/own-image.ts'
import { rawPath } from '../../../../src/tar/raw-path.ts'

const paths = process.argv.slice(2)
const isolation = inPlaceIsolation({ ownDirectory: '/kaniko' })
const missing = missingCapabilities()
const told = {
  pid: process.pid,
  ownImage: inOwnImage(),
  ignored: paths.filter((path) => isolation.sharedRoot?.ignored().covers(rawPath(path))),
  missing: missing.map(({ name }) => name),
  refusal: refusal(),
}

function refusal(): string | undefined {
  try {
    requireCapabilities(missing)
    return undefined
  } catch (error) {
    if (error instanceof HearthError) return `${error.code}: ${error.message}. ${error.fix}`
    throw error
  }
}

console.log(JSON.stringify(told))

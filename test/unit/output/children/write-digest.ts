import { digestOf } from '../../../../src/oci/digest.ts'
import { writeDigestFiles } from '../../../../src/output/digest-files.ts'

// Writes the digest the tests use to the file named in argv.
await writeDigestFiles({ digestFile: process.argv[2] ?? '' }, digestOf('image'), [])

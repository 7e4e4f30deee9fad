import { createHttpClient } from '../../../../src/http/http-client.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { writeDigestFiles } from '../../../../src/output/digest-files.ts'

// Writes the digest the tests use to the file named in argv.
const http = createHttpClient({ tls: () => ({ rejectUnauthorized: true }), userAgent: 'test' })
await writeDigestFiles({ digestFile: process.argv[2] ?? '' }, { digest: digestOf('image'), destinations: [] }, { http })
await http[Symbol.asyncDispose]()

import { parseArgs } from 'node:util'
import { errorText } from '../src/cli/report.ts'
import { asHearthError } from '../src/errors.ts'
import { layOut } from '../src/packaging/lay-out.ts'

// Makes the trees of the images; the Dockerfiles run it: lay-out-image.js OUTPUT [--application DIR] [--system DIR].

const { values, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    application: { type: 'string', default: process.cwd() },
    system: { type: 'string', default: '/' },
    strip: { type: 'string', default: 'strip' },
  },
})
try {
  const [output, ...more] = positionals
  if (output === undefined || more.length > 0) throw new Error('name one directory to lay the image out in')
  layOut({ ...values, output })
} catch (error) {
  process.stderr.write(errorText(asHearthError(error)))
  process.exitCode = 1
}

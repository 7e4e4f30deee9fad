// Runs a shell script in a root and prints what came of it as JSON, or the error: run-script.ts <root> <script>
import { namespaceIsolation } from '../../../../src/run/namespaces.ts'
import { runChild } from '../../../suites/run-child.ts'

await runChild(namespaceIsolation())

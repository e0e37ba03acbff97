// Adds up vitest's JSON results and prints them as `N passed, N failed, N skipped`.
import { existsSync, readFileSync } from 'node:fs';

const totals = { passed: 0, failed: 0, skipped: 0 };
let read = 0;
for (const file of process.argv.slice(2)) {
  if (!existsSync(file)) continue;
  const results = JSON.parse(readFileSync(file, 'utf8'));
  totals.passed += results.numPassedTests;
  // A file that does not even load has no tests to count; it is a failure all the same.
  const broken = results.testResults.filter(
    (suite) => suite.status === 'failed' && suite.assertionResults.every((test) => test.status !== 'failed'),
  );
  totals.failed += results.numFailedTests + broken.length;
  totals.skipped += results.numPendingTests + (results.numTodoTests ?? 0);
  read += 1;
}
if (read === 0) totals.failed += 1;
const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
console.log(`${totals.passed} passed, ${totals.failed} failed${skipped}`);

/**
 * `test-counts.mjs REPORT STATUS` prints "passed failed skipped" of a vitest JSON report.
 * A file that failed as a whole, and a runner that failed without a failed test, count as one failure each.
 */
import { readFileSync } from 'node:fs';

const [, , file, status] = process.argv;
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
  readFileSync(file, 'utf8'),
);
const broken = testResults.filter(
  (result) => result.status === 'failed' && result.assertionResults.every((each) => each.status !== 'failed'),
).length;
const failed = numFailedTests + broken;
const unseen = failed === 0 && status !== '0' ? 1 : 0;
console.log(`${numPassedTests} ${failed + unseen} ${numPendingTests + numTodoTests}`);

import type { Reporter, Vitest } from 'vitest/node';

/**
 * Ends a run with one plain line for machines: `12 passed, 0 failed, 1 skipped`, after the names of what passed only when
 * repeated and the ffmpegs that the tests ran with.
 */
export default class ClosingLine implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  /** Counts the tests; what breaks outside of a test (a file, a hook, a stray promise) is a failure as well. */
  onTestRunEnd: NonNullable<Reporter['onTestRunEnd']> = (modules, unhandledErrors) => {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const suite of [module, ...module.children.allSuites()]) count.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        count[test.result().state] += 1;
        if (test.diagnostic()?.flaky)
          console.log(`passed only when repeated: ${module.relativeModuleId} > ${test.fullName}`);
      }
    }
    const { ffmpegs = [] } = this.#vitest?.getRootProject().getProvidedContext() ?? {};
    if (ffmpegs.length > 0) console.log(`with ffmpeg ${ffmpegs.map(({ version }) => version).join(', ')}`);
    console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
  };
}

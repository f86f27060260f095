import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/integration/**", "test/lab/**"],
          // Properties try many cases, and a machine may be busy.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          // The real engine runs here, and real hosts: one stack at a time on a small machine.
          name: "integration",
          include: ["test/integration/**/*.test.ts", "test/lab/**/*.test.ts"],
          exclude: ["test/lab/host-*.test.ts"],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          // The stack's own host in the lab: its queue, its relay, its faults. Not in `npm test` until all of them pass.
          name: "hosts",
          include: ["test/lab/host-*.test.ts"],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["*.ts", "{components,local,mail,policy,toolchain,verify}/**/*.ts"],
      exclude: ["vitest.config.ts"],
      reporter: ["text", "html"],
    },
  },
});

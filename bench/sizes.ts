import { resourcesPerSender } from "./stack.ts";

/** Stacks that are judged: each has ten times the resources of the one before. */
export const sizes = [1, 10, 100, 1_000].map((senders) => ({
  senders,
  resources: senders * resourcesPerSender,
}));

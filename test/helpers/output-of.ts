import * as pulumi from "@pulumi/pulumi";

/** The value of an output, awaited; `unknown` if a preview can't know it. */
export async function outputOf<T>(output: pulumi.Output<T>): Promise<pulumi.Unwrap<T> | typeof unknown> {
  // The SDK has no public way to ask whether a value is known; its own test helpers read the same promise.
  const { isKnown } = output as unknown as { isKnown: Promise<boolean> };
  if (!(await isKnown)) return unknown;
  return new Promise((resolve) => {
    output.apply((value) => resolve(value as pulumi.Unwrap<T>));
  });
}

export const unknown = Symbol("unknown in a preview");

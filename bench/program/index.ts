import * as pulumi from "@pulumi/pulumi";
import { agreeingStack, Derived, stackSenders, type Declared, type Input } from "../stack.ts";

// Declares what bench/stack.ts says, without the SDKs of the providers: they would take longer to load than all the rest.

class Resource extends pulumi.CustomResource {
  constructor({ type, name, outputs, inputs, protect = false, dependsOn = [] }: Declared) {
    const announced = Object.fromEntries(Object.keys(outputs).map((output) => [output, undefined]));
    const given = Object.entries(inputs).map(([input, value]) => [input, inputOf(value)] as const);
    super(
      type,
      name,
      { ...announced, ...Object.fromEntries(given), id: undefined },
      {
        protect,
        dependsOn: dependsOn.flatMap((declared) => resources.get(declared) ?? []),
      },
    );
  }
}

const resources = new Map<Declared, Resource>();

function inputOf(input: Input): pulumi.Input<string | number | boolean> {
  if (!(input instanceof Derived)) return input;
  const outputs = resources.get(input.resource) as unknown as Readonly<Record<string, pulumi.Output<string>>>;
  const output = outputs[input.output];
  if (output === undefined) throw new Error(`${input.resource.name} has no output ${input.output}`);
  return output.apply(input.text);
}

const senders = stackSenders(new pulumi.Config("okmail").requireNumber("senders"));
for (const declared of agreeingStack(senders)) resources.set(declared, new Resource(declared));

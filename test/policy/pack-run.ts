import type {
  Policies,
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationArgs,
  StackValidationPolicy,
} from "@pulumi/policy";

/** One violation, as the SDK would send it to the engine. */
export interface Violation {
  readonly policy: string;
  readonly message: string;
  readonly urn: string | undefined;
}

export interface RunOptions {
  /** Policies that the user has disabled. */
  readonly disabled?: readonly string[];
  /** Settings by policy. */
  readonly config?: Readonly<Record<string, object>>;
}

type Found = Violation[] & { readonly calls: string[] };

/**
 * Calls the policies as @pulumi/policy's server does: in order, disabled ones never, and each asked for its function
 * anew. `calls` are those that had one, for each of which the server unpacks all resources.
 */
export async function validateStack(
  policies: Policies,
  resources: readonly PolicyResource[],
  { disabled = [], config = {} }: RunOptions = {},
): Promise<Found> {
  const found: Found = Object.assign([], { calls: [] });
  for (const policy of policies as StackValidationPolicy[]) {
    if (disabled.includes(policy.name) || typeof policy.validateStack !== "function") continue;
    found.calls.push(policy.name);
    const args = { resources, getConfig: () => config[policy.name] ?? {} } as unknown as StackValidationArgs;
    await policy.validateStack(args, (message, urn) => found.push({ policy: policy.name, message, urn }));
  }
  return found;
}

/** The same for one resource before its creation. */
export async function validateResource(
  policies: Policies,
  resource: PolicyResource,
  { disabled = [], config = {} }: RunOptions = {},
): Promise<Found> {
  const found: Found = Object.assign([], { calls: [] });
  const { type, name, urn, props, opts } = resource;
  for (const policy of policies as ResourceValidationPolicy[]) {
    if (disabled.includes(policy.name) || typeof policy.validateResource !== "function") continue;
    found.calls.push(policy.name);
    // Neither dependencies nor a parent: inputs are all that there is.
    const getConfig = () => config[policy.name] ?? {};
    const args = { type, name, urn, props, opts, getConfig } as unknown as ResourceValidationArgs;
    await policy.validateResource(args, (message) => found.push({ policy: policy.name, message, urn }));
  }
  return found;
}

/** An update in the order given: what each resource is refused for; a refused one is not created, the rest goes on. */
export async function update(
  policies: Policies,
  resources: readonly PolicyResource[],
  options: RunOptions = {},
) {
  const refused: Record<string, string[]> = {};
  for (const resource of resources) {
    const violations = await validateResource(policies, resource, options);
    if (violations.length > 0) refused[resource.name] = violations.map(({ policy }) => policy);
  }
  return refused;
}

import type { Formats } from "../provider/check-shape.ts";
import type { ResourceDefinition } from "../provider/definition.ts";
import { resourceSchema } from "../provider/schemas.ts";
import { storedResource } from "../provider/stored-resource.ts";
import type { StoredResource } from "../provider/stored-resource.ts";
import type { Account } from "./account.ts";
import { TAG_FORMATS, checkTags } from "./tags.ts";

/** A resource type of AWS, but for what all of them have in common: schema, tags, Region. */
export interface AwsResource<Inputs, Facts = undefined> extends Omit<
  StoredResource<Inputs, Facts>,
  "schema"
> {
  /** What the provider calls it in error messages: `EC2 EIP`. */
  readonly label: string;
  /** Errors on creation name the resource, too: `creating IAM Role (mail): …`. */
  readonly isNamed?: boolean;
}

/** Completes a resource type by the traits that all AWS resources share, and joins it to the account's store. */
export function awsResource<Inputs, Facts = undefined>(
  account: Account,
  resource: AwsResource<Inputs, Facts>,
): ResourceDefinition {
  const schema = resourceSchema(resource.type);
  const isRegional = "region?" in schema.inputs;
  const isTagged = "tags?" in schema.inputs;
  const formats: Formats = {
    ...(isTagged && TAG_FORMATS),
    ...(isRegional && { region: inRegion(account.region) }),
    ...resource.formats,
  };
  const definition = storedResource<Inputs, Facts>(account.store, {
    ...resource,
    schema,
    formats,
    forcesNew: [...(resource.forcesNew ?? []), "region"],
    echoes: { tagsAll: "tags", ...resource.echoes },
    check: (inputs) => [...checkTags(inputs), ...(resource.check?.(inputs) ?? [])],
    derive: (inputs) => ({
      ...(isRegional && { region: account.region }),
      ...(isTagged && { tagsAll: inputs.tags ?? {} }),
      ...resource.derive?.(inputs),
    }),
  });
  const subject = (id: string): string => `${resource.label} (${id})`;
  return {
    ...definition,
    create: (request) => {
      const { name } = request.inputs;
      const title = resource.isNamed === true && typeof name === "string" ? subject(name) : resource.label;
      return named(`creating ${title}`, () => definition.create(request));
    },
    update: (request) => named(`updating ${subject(request.id)}`, () => definition.update(request)),
    delete: (request) => named(`deleting ${subject(request.id)}`, () => definition.delete(request)),
  };
}

/** Says in an error's message what was being done. */
async function named<T>(doing: string, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw new Error(`${doing}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Refuses every Region but the account's. */
export function inRegion(region: string): (value: string) => string | undefined {
  return (value) =>
    value === region
      ? undefined
      : `The local cloud has the Region ${region} only, not ${JSON.stringify(value)}`;
}

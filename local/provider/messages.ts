/** Between the messages of the provider protocol and plain values. */
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import type {
  CheckRequest,
  CheckResponse,
  DiffResponse,
  InvokeResponse,
} from "@pulumi/pulumi/proto/provider_pb.js";
import type { NamingOrder } from "./autoname.ts";
import { describeFault } from "./check-shape.ts";
import type { Fault } from "./check-shape.ts";
import type { Difference } from "./compare.ts";
import type { ConfigFault, ExistingRequest } from "./definition.ts";
import type { Checked, Verdict } from "./resource-service.ts";
import { formatPlace } from "./shape.ts";
import { parseUrn } from "./urn.ts";
import { known, wrap } from "./values.ts";
import type { Unwrapped, Value } from "./values.ts";

/** A value longer than this would bury the reason that it is refused for. */
const LONGEST_SHOWN = 120;

/** The engine's setting for made-up names, if it has one. */
export function namingOrder(request: CheckRequest): NamingOrder | undefined {
  const order = request.getAutonaming();
  if (order === undefined) return undefined;
  const { Mode } = rpc.CheckRequest.AutonamingOptions;
  const modes = { [Mode.PROPOSE]: "propose", [Mode.ENFORCE]: "enforce", [Mode.DISABLE]: "disable" } as const;
  return { mode: modes[order.getMode()], proposed: order.getProposedName() };
}

/** The answer to Check. */
export function checkResponse(
  name: string,
  { inputs, faults }: Checked,
  secrets: ReadonlySet<string>,
): CheckResponse {
  const failures = faults.map((fault) => {
    const property = String(fault.place.steps[0]);
    // The engine prints the value of the property named, also when it is a secret.
    const isShown = !secrets.has(property) && isShort(inputs[property]);
    return failure(isShown ? property : "", describeFault(fault, name));
  });
  return new rpc.CheckResponse().setInputs(wrap(inputs, secrets)).setFailuresList(failures);
}

/** The answer to CheckConfig: the settings as they came, and what is wrong with them. */
export function configResponse(request: CheckRequest, faults: readonly ConfigFault[]): CheckResponse {
  return new rpc.CheckResponse()
    .setInputs(request.getNews())
    .setFailuresList(faults.map(({ property, reason }) => failure(property, reason)));
}

/** The answer to an Invoke that is refused. */
export function invokeFailures(faults: readonly Fault[]): InvokeResponse {
  return new rpc.InvokeResponse().setFailuresList(
    faults.map(({ place, reason }) => failure(formatPlace(place), reason)),
  );
}

/** The answer to Diff, with each difference in detail. */
export function diffResponse({ differences, replacing, deleteBeforeReplace }: Verdict): DiffResponse {
  const { DIFF_NONE, DIFF_SOME } = rpc.DiffResponse.DiffChanges;
  const response = new rpc.DiffResponse()
    .setChanges(differences.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList(topLevel(differences))
    .setReplacesList(topLevel(replacing))
    .setDeletebeforereplace(deleteBeforeReplace)
    .setHasdetaileddiff(true);
  for (const difference of differences) {
    const detail = new rpc.PropertyDiff()
      .setInputdiff(true)
      .setKind(diffKind(difference, replacing.includes(difference)));
    response.getDetaileddiffMap().set(formatPlace(difference.place), detail);
  }
  return response;
}

/** A request about a resource that exists. */
export function existing(
  request: { getId(): string; getUrn(): string },
  { properties, secrets }: Unwrapped,
  state: Unwrapped,
): ExistingRequest {
  const urn = request.getUrn();
  return {
    id: request.getId(),
    urn,
    name: parseUrn(urn).name,
    inputs: known(properties),
    secrets,
    state: known(state.properties),
  };
}

function diffKind({ kind }: Difference, replaces: boolean): rpc.PropertyDiff.Kind {
  const { Kind } = rpc.PropertyDiff;
  const kinds = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
  } as const;
  return kinds[kind][replaces ? 1 : 0];
}

function topLevel(differences: readonly Difference[]): string[] {
  return [...new Set(differences.map(({ place }) => String(place.steps[0])))];
}

function isShort(value: Value | undefined): boolean {
  return value === undefined || JSON.stringify(value).length <= LONGEST_SHOWN;
}

function failure(property: string, reason: string): rpc.CheckFailure {
  return new rpc.CheckFailure().setProperty(property).setReason(reason);
}

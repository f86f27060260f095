/** The engine's provider protocol (pulumirpc.ResourceProvider) over a provider definition. */
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import rpc from "@pulumi/pulumi/proto/provider_pb.js";
import empties from "google-protobuf/google/protobuf/empty_pb.js";
import { checkShape } from "./check-shape.ts";
import { checkSettings } from "./config.ts";
import type { ProviderDefinition, ResourceDefinition } from "./definition.ts";
import { findFunction, findResource } from "./lookup.ts";
import {
  checkResponse,
  configResponse,
  diffResponse,
  existing,
  invokeFailures,
  namingOrder,
} from "./messages.ts";
import { Pace } from "./pace.ts";
import { answer, unimplemented, unimplementedStream } from "./reply.ts";
import { check, complete, declared, diff, foresee, foreseeUpdate } from "./resource-service.ts";
import { secretNames } from "./secrets.ts";
import { parseUrn } from "./urn.ts";
import { known, unwrap, wrap } from "./values.ts";

/** Serves `definition` as the engine expects a provider to. */
export function providerService(definition: ProviderDefinition): IResourceProviderServer {
  const pace = new Pace(definition.latency ?? 0);
  const resourceOf = (request: { getUrn(): string }): ResourceDefinition =>
    findResource(definition, parseUrn(request.getUrn()).type);

  return {
    handshake: answer(() =>
      new rpc.ProviderHandshakeResponse()
        .setAcceptSecrets(true)
        .setAcceptResources(false)
        .setAcceptOutputs(false)
        .setSupportsAutonamingConfiguration(true),
    ),
    attach: answer(() => new empties.Empty()),
    getPluginInfo: answer(() => new plugins.PluginInfo().setVersion(definition.version)),
    getSchema: answer(() =>
      new rpc.GetSchemaResponse().setSchema(
        JSON.stringify({ name: definition.name, version: definition.version }),
      ),
    ),
    cancel: answer(() => {
      pace.cancel();
      return new empties.Empty();
    }),

    checkConfig: answer((request) =>
      configResponse(request, checkSettings(definition, unwrap(request.getNews()).properties)),
    ),
    diffConfig: unimplemented("DiffConfig"),
    configure: answer(() =>
      new rpc.ConfigureResponse()
        .setAcceptsecrets(true)
        .setSupportspreview(true)
        .setSupportsAutonamingConfiguration(true),
    ),

    check: answer((request) => {
      const sent = unwrap(request.getNews());
      const { name } = parseUrn(request.getUrn());
      const checked = check(resourceOf(request), {
        name,
        before: unwrap(request.getOlds()).properties,
        inputs: sent.properties,
        seed: request.getRandomseed_asU8(),
        order: namingOrder(request),
      });
      return checkResponse(name, checked, sent.secrets);
    }),

    diff: answer((request) => {
      const before = unwrap(request.getOldInputs()).properties;
      const after = unwrap(request.getNews()).properties;
      return diffResponse(diff(resourceOf(request), before, after, request.getIgnorechangesList()));
    }),

    create: answer(async (request) => {
      const urn = request.getUrn();
      const resource = resourceOf(request);
      const { properties, secrets } = unwrap(request.getProperties());
      const secretOutputs = secretNames(resource, secrets);
      if (request.getPreview()) {
        return new rpc.CreateResponse().setProperties(wrap(foresee(resource, properties), secretOutputs));
      }
      await pace.wait();
      const inputs = known(properties);
      const { id, outputs } = await resource.create({ urn, name: parseUrn(urn).name, inputs, secrets });
      return new rpc.CreateResponse()
        .setId(id)
        .setProperties(wrap(complete(resource, inputs, outputs), secretOutputs));
    }),

    read: answer(async (request) => {
      const resource = resourceOf(request);
      const live = await resource.read(
        existing(request, unwrap(request.getInputs()), unwrap(request.getProperties())),
      );
      const response = new rpc.ReadResponse();
      if (live === undefined) return response;
      // An import comes without inputs: then what the cloud knows to be secret is.
      const secrets = request.hasInputs() ? unwrap(request.getInputs()).secrets : live.secrets;
      return response
        .setId(live.id)
        .setInputs(wrap(live.inputs, secrets))
        .setProperties(wrap(complete(resource, live.inputs, live.outputs), secretNames(resource, secrets)));
    }),

    update: answer(async (request) => {
      const resource = resourceOf(request);
      const sent = unwrap(request.getNews());
      const secrets = secretNames(resource, sent.secrets);
      if (request.getPreview()) {
        const state = unwrap(request.getOlds()).properties;
        const before = unwrap(request.getOldInputs()).properties;
        const foreseen = foreseeUpdate(resource, state, before, sent.properties);
        return new rpc.UpdateResponse().setProperties(wrap(foreseen, secrets));
      }
      await pace.wait();
      const outputs = await resource.update(existing(request, sent, unwrap(request.getOlds())));
      return new rpc.UpdateResponse().setProperties(
        wrap(complete(resource, known(sent.properties), outputs), secrets),
      );
    }),

    delete: answer(async (request) => {
      await pace.wait();
      const resource = resourceOf(request);
      await resource.delete(
        existing(request, unwrap(request.getOldInputs()), unwrap(request.getProperties())),
      );
      return new empties.Empty();
    }),

    invoke: answer(async (request) => {
      const call = findFunction(definition, request.getTok());
      const args = unwrap(request.getArgs()).properties;
      const faults = checkShape(args, call.schema.inputs, call.formats);
      if (faults.length > 0) return invokeFailures(faults);
      const result = await call.call(known(args));
      return new rpc.InvokeResponse().setReturn(wrap(declared(call.schema.outputs, result)));
    }),

    parameterize: unimplemented("Parameterize"),
    call: unimplemented("Call"),
    construct: unimplemented("Construct"),
    getMapping: unimplemented("GetMapping"),
    getMappings: unimplemented("GetMappings"),
    list: unimplementedStream("List"),
  };
}

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { AWS_TYPES } from "../../local/aws/types.ts";
import { NAME_SERVER_ADDRESS } from "../../local/lab/addresses.ts";
import { createAuthority } from "../../local/lab/authority.ts";
import { awsRecords, startAwsServices, trustFiles, type AwsServices } from "../../local/lab/aws-services.ts";
import { startLabDns, withRecords, type LabDns } from "../../local/lab/dns.ts";
import type { LabHost } from "../../local/lab/host.ts";
import { openLab, type Lab } from "../../local/lab/lab.ts";
import { labHindrance } from "../../local/lab/requirements.ts";
import { ACCOUNT, INSTANCE, KEY, openCloud, PARAMETER, PARAMETER_ARN } from "../local/host-cloud.ts";
import { internet } from "./internet.ts";

const hindrance = labHindrance();
if (hindrance !== undefined) console.warn(`SKIPPED, AWS's services in the lab: ${hindrance}`);

/** A host of the public network stands in for an instance here: these tests are about what AWS's own client makes of the services. */
const ADDRESS = "203.0.113.40";

/** Makes one call; answers what it returned, or the error's code and message. */
const PROGRAM = `
import json, sys
import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
order = json.load(sys.stdin)
config = Config(connect_timeout=2, read_timeout=order.get("timeout", 10), retries={"total_max_attempts": 1})
try:
    client = boto3.client("ssm", region_name="${ACCOUNT.region}", config=config, **order.get("keys", {}))
    answer = getattr(client, order["call"])(**order["arguments"])
    del answer["ResponseMetadata"]
    print(json.dumps(answer, default=str))
except ClientError as error:
    print(json.dumps({"code": error.response["Error"]["Code"], "message": error.response["Error"].get("Message", "")}))
except BotoCoreError as error:
    print(json.dumps({"code": type(error).__name__, "message": str(error)}))
`;

const READ = { call: "get_parameter", arguments: { Name: PARAMETER, WithDecryption: true } };

describe.skipIf(hindrance !== undefined)("AWS's services in the lab, asked by AWS's own client", () => {
  const { store, close } = openCloud();
  let lab: Lab;
  let dns: LabDns;
  let services: AwsServices;
  let host: LabHost;

  beforeAll(async () => {
    store.transact((cloud) => {
      const outputs = { ...cloud.find(AWS_TYPES.instance, INSTANCE)?.outputs, privateIp: ADDRESS };
      cloud.change(AWS_TYPES.instance, INSTANCE, { outputs });
    });
    lab = await openLab({ report: (line) => console.log(line) });
    const zones = withRecords(
      [...internet(), { origin: "amazonaws.com", records: [] }],
      awsRecords(ACCOUNT.region),
    );
    dns = await startLabDns(lab, { zones: () => zones, serial: () => 1 });
    const authority = await createAuthority(lab);
    services = await startAwsServices(lab, { store, account: ACCOUNT, authority });
    host = await lab.host("instance", { address: ADDRESS, packages: ["python3-boto3"] });
    const write = (path: string, content: string, flag = "w") =>
      writeFileSync(join(host.root, path), content, { flag });
    for (const { path, content, append } of trustFiles(authority)) write(path, content, append ? "a" : "w");
    write("/etc/resolv.conf", `nameserver ${NAME_SERVER_ADDRESS}\n`);
    write("/tmp/ask.py", PROGRAM);
  }, 300_000);

  afterEach(() => {
    services.faults.delay = 0;
    services.faults.unavailable = false;
  });

  afterAll(async () => {
    await lab.close();
    await services.close();
    await dns.close();
    close();
  }, 60_000);

  async function ask(order: object): Promise<Record<string, unknown>> {
    const output = await host.check(["python3", "/tmp/ask.py"], { input: JSON.stringify(order) });
    return JSON.parse(output) as Record<string, unknown>;
  }

  test("a parameter is read with the role's credentials from the metadata", async () => {
    expect(await ask(READ)).toMatchObject({
      Parameter: {
        Name: PARAMETER,
        Type: "SecureString",
        Value: KEY,
        Version: 1,
        ARN: PARAMETER_ARN,
        DataType: "text",
      },
    });
  });

  test("a SecureString stays encrypted unless its decryption is asked for", async () => {
    const { Parameter } = await ask({ ...READ, arguments: { Name: PARAMETER } });

    expect(Parameter).toMatchObject({ Type: "SecureString" });
    expect((Parameter as { Value: string }).Value).not.toContain("PRIVATE KEY");
  });

  test("a parameter goes by its ARN, and by its name and version, too", async () => {
    const named = (Name: string) => ask({ ...READ, arguments: { Name, WithDecryption: true } });

    expect(await named(PARAMETER_ARN)).toMatchObject({ Parameter: { Value: KEY } });
    expect(await named(`${PARAMETER}:1`)).toMatchObject({ Parameter: { Value: KEY, Selector: ":1" } });
    expect(await named(`${PARAMETER}:2`)).toMatchObject({ code: "ParameterVersionNotFound" });
  });

  test("what the role's policy doesn't allow is refused in AWS's words", async () => {
    const name = "/okmail/example.com/submission/app";

    expect(await ask({ ...READ, arguments: { Name: name } })).toEqual({
      code: "AccessDeniedException",
      message: `User: arn:aws:sts::123456789012:assumed-role/role/${INSTANCE} is not authorized to perform: ssm:GetParameter on resource: arn:aws:ssm:eu-central-1:123456789012:parameter${name} because no identity-based policy allows the ssm:GetParameter action`,
    });
    expect(await ask({ call: "get_parameters", arguments: { Names: [PARAMETER] } })).toMatchObject({
      code: "AccessDeniedException",
    });
  });

  test("several parameters are read at once, and those that don't exist are named", async () => {
    const statement = { Effect: "Allow", Action: "ssm:GetParameter*", Resource: "*" };
    const policy = (document: object) =>
      store.transact((cloud) =>
        cloud.change(AWS_TYPES.rolePolicy, "role:policy", {
          inputs: { role: "role", policy: JSON.stringify(document) },
        }),
      );
    const before = store.find(AWS_TYPES.rolePolicy, "role:policy")?.inputs ?? {};
    policy({ Statement: statement });
    const several = await ask({
      call: "get_parameters",
      arguments: { Names: [PARAMETER, "/okmail/none"], WithDecryption: true },
    });
    const missing = await ask({ ...READ, arguments: { Name: "/okmail/none" } });
    store.transact((cloud) => cloud.change(AWS_TYPES.rolePolicy, "role:policy", { inputs: before }));

    expect(several).toMatchObject({ Parameters: [{ Value: KEY }], InvalidParameters: ["/okmail/none"] });
    expect(missing).toMatchObject({ code: "ParameterNotFound" });
  });

  test("credentials that nobody gave out are refused", async () => {
    const keys = {
      aws_access_key_id: "AKIAIOSFODNN7EXAMPLE",
      aws_secret_access_key: "x",
      aws_session_token: "x",
    };

    expect(await ask({ ...READ, keys })).toMatchObject({ code: "UnrecognizedClientException" });
  });

  test("the endpoint can be slow, disturbed, and away", async () => {
    services.faults.delay = 2_000;
    expect(await ask({ ...READ, timeout: 1 })).toMatchObject({ code: "ReadTimeoutError" });
    services.faults.delay = 0;
    services.faults.unavailable = true;
    expect(await ask(READ)).toMatchObject({ code: "InternalServerError" });
    services.faults.unavailable = false;
    await services.setReachable(false);
    expect(await ask(READ)).toMatchObject({ code: "EndpointConnectionError" });
    await services.setReachable(true);
    expect(await ask(READ)).toMatchObject({ Parameter: { Value: KEY } });
  });

  test("who doesn't trust the lab's authority isn't served", async () => {
    const others = "AWS_CA_BUNDLE=/usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt";
    const output = await host.check(["env", others, "python3", "/tmp/ask.py"], {
      input: JSON.stringify(READ),
    });

    expect(JSON.parse(output)).toMatchObject({ code: "SSLError" });
  });
});

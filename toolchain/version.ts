import manifest from "../package.json" with { type: "json" };

/** The one version of the Pulumi engine that this project runs on, such as 3.259.0. The SDK has the same. */
export const engineVersion: string = manifest.devDependencies.pulumi;

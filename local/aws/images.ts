/** The machine images that the local cloud offers: Debian's, under their public SSM parameters (wiki.debian.org/Cloud/AmazonEC2Image). */
import { fixedId } from "./id.ts";
import type { Architecture } from "./instance-types.ts";

/** A public image. */
export interface Image {
  /** Such as `ami-0123456789abcdef0`; each Region has its own. */
  readonly id: string;
  readonly name: string;
  readonly architecture: Architecture;
  /** Name of the SSM parameter that holds the id. */
  readonly parameter: string;
}

/** Account that publishes Debian's images. */
export const DEBIAN_ACCOUNT = "136693071363";

/** The Debian releases that get updates. The local cloud's images never change. */
const RELEASES = ["11", "12", "13"] as const;

const ARCHITECTURES = { amd64: "x86_64", arm64: "arm64" } as const;

/** All images of a Region. */
export function images(region: string): readonly Image[] {
  return RELEASES.flatMap((release) =>
    Object.entries(ARCHITECTURES).map(([debian, architecture]) => {
      const name = `debian-${release}-${debian}-local`;
      const parameter = `/aws/service/debian/release/${release}/latest/${debian}`;
      return { id: fixedId("ami", region, name), name, architecture, parameter };
    }),
  );
}

/** The instance types that the local cloud knows: small and medium ones of the usual families. */

/** An architecture as EC2 names it. */
export type Architecture = "arm64" | "x86_64";

/** What an instance type offers. */
export interface InstanceType {
  readonly name: string;
  readonly architecture: Architecture;
  readonly vcpus: number;
  /** MiB. */
  readonly memory: number;
  /** Earns CPU credits while it idles. */
  readonly isBurstable: boolean;
}

interface Family {
  readonly name: string;
  readonly architecture: Architecture;
  /** GiB for each vCPU, where the size doesn't say otherwise. */
  readonly memoryPerVcpu: number;
}

const BURSTABLE_FAMILIES = { t2: "x86_64", t3: "x86_64", t3a: "x86_64", t4g: "arm64" } as const;

/** Burstable sizes, the same in each family but for t2: vCPUs and GiB. */
const BURSTABLE_SIZES = {
  nano: [2, 0.5],
  micro: [2, 1],
  small: [2, 2],
  medium: [2, 4],
  large: [2, 8],
  xlarge: [4, 16],
  "2xlarge": [8, 32],
} as const;

/** t2 has fewer vCPUs in its small sizes. */
const T2_VCPUS: Readonly<Record<string, number>> = { nano: 1, micro: 1, small: 1 };

const FAMILIES: readonly Family[] = [
  ...family(4, "x86_64", "m5", "m5a", "m6a", "m6i", "m7a", "m7i"),
  ...family(4, "arm64", "m6g", "m7g", "m8g"),
  ...family(2, "x86_64", "c5", "c5a", "c6a", "c6i", "c7a", "c7i"),
  ...family(2, "arm64", "c6g", "c7g", "c8g"),
  ...family(8, "x86_64", "r5", "r6i", "r7i"),
  ...family(8, "arm64", "r6g", "r7g", "r8g"),
];

const VCPUS = { medium: 1, large: 2, xlarge: 4, "2xlarge": 8, "4xlarge": 16 } as const;

const TYPES: ReadonlyMap<string, InstanceType> = new Map(
  [...burstable(), ...fixed()].map((type) => [type.name, type]),
);

/** The instance type of this name; undefined if the local cloud doesn't know it. */
export function instanceType(name: string): InstanceType | undefined {
  return TYPES.get(name);
}

/** The names of all instance types. */
export function instanceTypeNames(): readonly string[] {
  return [...TYPES.keys()];
}

function burstable(): InstanceType[] {
  return Object.entries(BURSTABLE_FAMILIES).flatMap(([name, architecture]) =>
    Object.entries(BURSTABLE_SIZES).map(([size, [vcpus, memory]]) => ({
      name: `${name}.${size}`,
      architecture,
      vcpus: name === "t2" ? (T2_VCPUS[size] ?? vcpus) : vcpus,
      memory: memory * 1024,
      isBurstable: true,
    })),
  );
}

function fixed(): InstanceType[] {
  return FAMILIES.flatMap(({ name, architecture, memoryPerVcpu }) =>
    Object.entries(VCPUS)
      // The size "medium" is Graviton's own, and AMD's of the seventh generation.
      .filter(([size]) => size !== "medium" || architecture === "arm64" || name.endsWith("7a"))
      .map(([size, vcpus]) => ({
        name: `${name}.${size}`,
        architecture,
        vcpus,
        memory: vcpus * memoryPerVcpu * 1024,
        isBurstable: false,
      })),
  );
}

function family(memoryPerVcpu: number, architecture: Architecture, ...names: readonly string[]): Family[] {
  return names.map((name) => ({ name, architecture, memoryPerVcpu }));
}

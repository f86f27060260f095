import { AWS_TYPES } from "../../local/aws/types.ts";
import { openGuestLab, INSTANCE } from "./guest-lab.ts";

// A lab with a guest that has a volume mounted, in a process that waits to be killed. Writes one line of JSON when it
// is there.

const lab = await openGuestLab();
lab.launch(INSTANCE, { volume: true });
await lab.fleet.settle();
const guest = await lab.guest(INSTANCE);
await guest.check([
  "sh",
  "-euc",
  "mkfs.ext4 -q /dev/disk/by-id/*; mkdir /queue; mount /dev/disk/by-id/* /queue",
]);
const { pid, cgroups } = lab.lab;
const volumes = lab.store.list(AWS_TYPES.volume).map(({ id }) => `${lab.folder}/volumes/${id}.img`);
console.log(JSON.stringify({ pid, cgroups, folder: lab.folder, volumes }));
setInterval(() => undefined, 60_000);

/** A folder of the metadata service: names to values or to further folders. */
export interface MetadataFolder {
  readonly [name: string]: MetadataNode;
}

/** A value is text or, as user data is, octets. */
export type MetadataNode = string | Buffer | MetadataFolder;

/**
 * What stands at a path below `folder`, such as `meta-data/mac`: a value, or a folder's listing, one name a line, folders
 * with a slash. Undefined where there is nothing. A path names a folder with or without its final slash, a value only without.
 */
export function readMetadata(folder: MetadataFolder, path: string): Buffer | undefined {
  const names = path.split("/").filter((name, index, all) => name !== "" || index < all.length - 1);
  let node: MetadataNode | undefined = folder;
  for (const name of names) node = isFolder(node) && Object.hasOwn(node, name) ? node[name] : undefined;
  if (node === undefined) return undefined;
  if (isFolder(node)) return Buffer.from(listing(node));
  if (path.endsWith("/")) return undefined;
  return Buffer.from(node);
}

function listing(folder: MetadataFolder): string {
  return Object.entries(folder)
    .map(([name, node]) => (isFolder(node) ? `${name}/` : name))
    .sort()
    .join("\n");
}

function isFolder(node: MetadataNode | undefined): node is MetadataFolder {
  return typeof node === "object" && !Buffer.isBuffer(node);
}

/** A file of the host. */
export interface HostFile {
  readonly path: string;
  readonly content: string;
  /** @default "0644" */
  readonly permissions?: string;
}

/** What one part of the host's mail system adds to the host. */
export interface HostPart {
  readonly files: readonly HostFile[];
  /** Debian packages that the files and services come from. */
  readonly packages: readonly string[];
  /** systemd units to enable and to start once the files are there, in this order. */
  readonly services: readonly string[];
}

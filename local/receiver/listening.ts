import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import type { SMTPServer } from "smtp-server";

/** The one address that the receiver listens on. */
export const LOOPBACK = "127.0.0.1";

/** Knows the open sockets, and ends each after a while: a client that keeps just busy enough is never idle. */
export function trackSockets(server: SMTPServer, sessionLimit: number): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.server.on("connection", (socket: Socket) => {
    // The library takes all listeners off a socket that it encrypts, so its end can't be waited for.
    for (const other of sockets) if (other.destroyed) sockets.delete(other);
    setTimeout(() => socket.destroy(), sessionLimit).unref();
    sockets.add(socket);
  });
  return sockets;
}

/** Listens on loopback; where the port is taken, on another. */
export async function listen(server: SMTPServer, port: number): Promise<AddressInfo> {
  try {
    server.listen(port, LOOPBACK);
    await once(server.server, "listening");
  } catch (error) {
    if (port === 0 || (error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    return listen(server, 0);
  }
  return server.server.address() as AddressInfo;
}

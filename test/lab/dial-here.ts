import { Socket } from "node:net";

// Started by `openDialer` in the router's network namespace: a socket belongs to the namespace it was made in, whoever holds it
// afterwards. Asked for a connection, it answers with the connected socket, or with a word about why there is none.

/** A connection that is wanted, from an address of the namespace's own. */
export interface Call {
  readonly id: number;
  readonly source: string;
  readonly address: string;
  readonly port: number;
}

/** The answer to it; with it comes the socket, unless there is a fault. */
export interface CallResult {
  readonly id: number;
  readonly fault?: string;
}

process.on("message", ({ id, source, address, port }: Call) => {
  const socket = new Socket();
  const tell = (result: CallResult, handle?: Socket) => process.send?.(result, handle);
  // Nothing that the server says may be read on this side.
  socket.pause();
  socket.once("error", ({ message }) => tell({ id, fault: message }));
  socket.connect({ host: address, port, localAddress: source }, () => tell({ id }, socket));
});

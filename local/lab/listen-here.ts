import { createServer } from "node:net";

// Started by `Lab.listen` in the router's network namespace: a socket belongs to the namespace it was made in, whoever
// holds it afterwards. Arguments: address, port. Answers with the listening socket, or with a word about why there is
// none.

const [host = "", port = ""] = process.argv.slice(2);
const server = createServer();
const end = () => process.exit();
server.on("error", (error) => process.send?.(error.message, end));
server.listen({ host, port: Number(port) }, () => process.send?.("", server, {}, end));

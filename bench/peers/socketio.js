// A Socket.IO server with rooms; with REDIS_URL, the Redis adapter. Who comes says the room in a
// header, and what they say goes to everyone in it.
const { createServer } = require("http");
const { Server } = require("socket.io");

async function adapter(url) {
  const { createClient } = require("redis");
  const { createAdapter } = require("@socket.io/redis-adapter");
  const publisher = createClient({ url });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  return createAdapter(publisher, subscriber);
}

async function main() {
  const { PORT, REDIS_URL } = process.env;
  const http = createServer();
  const io = new Server(http, REDIS_URL ? { adapter: await adapter(REDIS_URL) } : {});
  io.on("connection", (socket) => {
    const room = socket.handshake.headers["x-room"];
    socket.join(room);
    socket.on("chat message", (text) => io.to(room).emit("chat message", text));
  });
  http.listen(Number(PORT), "127.0.0.1");
}

main();

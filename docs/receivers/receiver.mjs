// Receives webhooks: verifies them, drops doubles, answers. Node 18 or newer, and nothing else.
//   WEBHOOK_SECRET=whsec_… PORT=8000 node receiver.mjs
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const key = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ""), "base64");
const taken = new Set(); // A real receiver remembers for days, in a table with a unique key.

function isGenuine(headers, body) {
  const { "webhook-id": id = "", "webhook-timestamp": timestamp = "" } = headers;
  const age = Math.abs(Date.now() / 1000 - Number(timestamp));
  if (id === "" || timestamp === "" || !(age <= 300)) return false;
  const wanted = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest();
  return (headers["webhook-signature"] ?? "").split(" ").some((entry) => {
    const [version, signature = ""] = entry.split(",");
    const given = Buffer.from(signature, "base64");
    return version === "v1" && given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const body = Buffer.concat(chunks); // The bytes as they came: parsed and written again they verify no more.
    if (!isGenuine(request.headers, body)) return response.writeHead(401).end();
    const id = request.headers["webhook-id"];
    if (!taken.has(id)) {
      taken.add(id);
      console.log(`took ${id}`); // Hand the event over to your own queue here, and answer at once.
    }
    response.writeHead(204).end();
  });
}).listen(Number(process.env.PORT), "127.0.0.1");

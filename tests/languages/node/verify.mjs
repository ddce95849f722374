// Says whether Standard Webhooks' library for Node believes a call: headers a line each, an empty line, the body.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const call = readFileSync(0);
const end = call.indexOf("\n\n");
const lines = call.subarray(0, end).toString().split("\n");
const headers = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s, 2)));
try {
  new Webhook(process.env.WEBHOOK_SECRET).verify(call.subarray(end + 2), headers, { jsonParse: false });
  console.log("yes");
} catch {
  console.log("no");
}

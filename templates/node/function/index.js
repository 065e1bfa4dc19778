"use strict";
// Runs the handler on the request's body; a process is started for each request.
const handler = require("./handler");

let body = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (part) => (body += part));
process.stdin.on("end", async () => {
  try {
    const reply = await handler(body);
    if (reply !== undefined) {
      process.stdout.write((typeof reply === "string" ? reply : JSON.stringify(reply)) + "\n");
    }
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
});

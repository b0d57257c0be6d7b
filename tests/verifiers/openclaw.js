// Verifies X-OpenClaw-Signature with the function that OpenClaw's users are told to copy. Reads {"secret", "headers", "body"} on stdin;
// exits with 0 if the signature holds, 1 if it does not, 2 if it could not be told.

const fs = require("fs");
const path = require("path");

// The contract, to the letter: the secret is the literal string, `whsec_` included.
const copied = fs.readFileSync(path.join(__dirname, "../it/seeds/003/verify.js"), "utf8");
const verifyWebhook = new Function("require", `${copied}\nreturn verifyWebhook;`)(require);

try {
  const { secret, headers, body } = JSON.parse(fs.readFileSync(0, "utf8"));
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const holds = verifyWebhook(body, named["x-openclaw-signature"], named["x-openclaw-timestamp"], secret);
  if (!holds) console.error("the signature does not hold");
  process.exitCode = holds ? 0 : 1;
} catch (error) {
  console.error(error);
  process.exitCode = 2;
}

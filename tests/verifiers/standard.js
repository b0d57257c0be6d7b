// Verifies webhook-signature with `standardwebhooks` from npm, which NODE_PATH leads to. Reads {"secret", "headers", "body"} on stdin;
// exits with 0 if the signature holds, 1 if it does not, 2 if it could not be told.

try {
  const { Webhook } = require("standardwebhooks");
  const { secret, headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const webhook = new Webhook(secret);
  try {
    webhook.verify(body, headers, { jsonParse: false });
  } catch (refusal) {
    console.error(refusal.message);
    process.exitCode = 1;
  }
} catch (error) {
  console.error(error);
  process.exitCode = 2;
}
